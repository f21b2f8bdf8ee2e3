// SPDX-License-Identifier: Apache-2.0
/* Resolves a guest's names to descriptors, and reopens descriptors for reading and writing. */
#ifndef THAW_NINEP_PATH_H
#define THAW_NINEP_PATH_H

#include "shares/ninep/state.h"

#include <limits.h>

/* A checked name in a folder: not empty, neither "." nor "..", no slash, no NUL, at most NINEP_NAME_MAX bytes. */
struct name {
  char text[NINEP_NAME_MAX + 1];
};

int path_name(struct wire_string untrusted_name, struct name *name_out);

/* Finds the folder's fid and checks the name of a file to create in it. */
int path_parent(struct ninep *server, uint32_t number, struct wire_string untrusted_name, struct fid **folder_out,
                struct name *name_out);

/* Opens `name` in `folder`, without following a symlink. The O_PATH descriptor belongs to the caller. */
int path_step(int folder, const struct name *name, int *path_out);

/* Opens the folder above `folder`, but never one above the export's root. */
int path_up(struct ninep *server, int folder, int *path_out);

/*
 * Writes the current path of a descriptor's file, relative to the export's root; "." for the root itself. path_find()
 * checks whether the file still exists there. errno: EXDEV for a file outside the root, ENAMETOOLONG.
 */
int path_text(struct ninep *server, int path, char text_out[PATH_MAX]);

/* Opens the file of such a path. For any text, never goes above the root nor follows a symlink. */
int path_find(struct ninep *server, const char *untrusted_text, int *path_out);

/* A descriptor's name in fds_fd, which is the working directory. */
struct fd_name {
  char text[12];
};

struct fd_name path_fd_name(int fd);

/*
 * Opens the regular file or folder of the descriptor `path`. errno: ELOOP for a symlink; EACCES for a device, a FIFO
 * or a socket, since opening one could act or block.
 */
int path_reopen(struct ninep *server, int path, int flags, int *fd_out);

/* Returns fstat's data and the qid; both results may be NULL. */
int path_stat(struct ninep *server, int path, struct stat *info_out, struct qid *qid_out);

#endif
