/* SPDX-License-Identifier: Apache-2.0 */
/* Functions and data that the files of the unpacking side share. */
#ifndef AGENT_UNPACK_H
#define AGENT_UNPACK_H

#include "archive/archive.h"
#include "archive/target.h"

struct unpack_folder;

struct unpacking {
  const struct archive *archive;
  struct tar_in in;
  struct tar_entry entry;
  char path[TAR_PATH_MAX]; /* path of the entry below the root */
  struct unpack_folder *folders;
  unsigned folders_count;
};

/* Reports an error about the entry, by errno where error is NULL. Always returns false. */
bool unpack_fail(const struct unpacking *unpacking, const char *error);

/* Makes the entry at its path, with the folders above it. False: the function has reported the error. */
bool unpack_make(struct unpacking *unpacking, const struct target *target);
/* Each makes the entry as name in a folder. False: the function has reported the error. */
bool unpack_symlink(struct unpacking *unpacking, int folder, const char *name);
bool unpack_link(struct unpacking *unpacking, const struct target *target, int folder, const char *name);
bool unpack_device(struct unpacking *unpacking, int folder, const char *name);

/*
 * Removes an existing node before an entry that is no folder. A file with a mount on it stays and is written to.
 * False: the function has reported the error.
 */
bool unpack_remove_existing(struct unpacking *unpacking, int folder, const char *name, bool *is_mounted_out);
/* Makes a folder, or keeps an existing one with its content. False: the function has reported the error. */
bool unpack_make_folder(struct unpacking *unpacking, int folder, const char *name);

/* Gives the owner of the entry: the archive's options override the entry. */
void unpack_owner(const struct unpacking *unpacking, uid_t *uid, gid_t *gid);
/* Sets owner, mode and extended attributes. False: the function has reported the error. */
bool unpack_set_attributes(struct unpacking *unpacking, int fd);

void unpack_set_time(int folder, const char *name, int64_t mtime);
/* Remembers a folder entry; unpack_set_folder_times() sets the times of all remembered folders and forgets them. */
void unpack_remember_folder(struct unpacking *unpacking);
void unpack_set_folder_times(struct unpacking *unpacking);

#endif
