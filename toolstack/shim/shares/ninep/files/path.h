// SPDX-License-Identifier: Apache-2.0
/* How a name that the guest gives becomes a descriptor, and a descriptor one that can be read and written. */
#ifndef THAW_NINEP_PATH_H
#define THAW_NINEP_PATH_H

#include "shares/ninep/server.h"

#include <limits.h>

/* A name in a folder, checked: not empty, neither "." nor "..", no slash, no NUL, at most NINEP_NAME_MAX bytes. */
struct name {
  char text[NINEP_NAME_MAX + 1];
};

int path_name(struct wire_string untrusted_name, struct name *name_out);

/* A folder's fid, and under which name something is to be made in it. */
int path_place(struct ninep *server, uint32_t number, struct wire_string untrusted_name, struct fid **folder_out,
               struct name *name_out);

/* The file `name` in `folder`, itself also when it is a symlink: an O_PATH descriptor, which is the caller's. */
int path_step(int folder, const struct name *name, int *path_out);

/* The folder above `folder`, but none above the export's root. */
int path_up(struct ninep *server, int folder, int *path_out);

/*
 * Where the host has what a descriptor stands for now: below the export's root, "." for that itself. Whether it is
 * still there, path_find() says. errno: EXDEV for what is not below it, ENAMETOOLONG.
 */
int path_text(struct ninep *server, int path, char text_out[PATH_MAX]);

/* The other way round, whatever the text: never above the root, nor through a symlink, which is only ever itself. */
int path_find(struct ninep *server, const char *untrusted_text, int *path_out);

/* Names a descriptor in fds_fd, and in the working directory. */
struct fd_name {
  char text[12];
};

struct fd_name path_fd_name(int fd);

/*
 * Opens the regular file or folder that `path` stands for. errno: ELOOP for a symlink, EACCES for a device, a FIFO or a
 * socket, whose opening would act or wait.
 */
int path_reopen(struct ninep *server, int path, int flags, int *fd_out);

/* fstat and the qid; both results may be NULL. */
int path_stat(struct ninep *server, int path, struct stat *info_out, struct qid *qid_out);

#endif
