/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that turn an archive into files are to each other. */
#ifndef AGENT_UNPACK_H
#define AGENT_UNPACK_H

#include "archive/archive.h"
#include "archive/target.h"

struct unpack_folder;

struct unpacking {
  const struct archive *archive;
  struct tar_in in;
  struct tar_entry entry;
  char path[TAR_PATH_MAX]; /* of the entry, below the root */
  struct unpack_folder *folders;
  unsigned folders_count;
};

/* Says what went wrong with the entry, by errno where error is NULL. Always false. */
bool unpack_fail(const struct unpacking *unpacking, const char *error);

/* Makes the entry, whose path is set, with the folders above it. False: it has complained. */
bool unpack_make(struct unpacking *unpacking, const struct place *place);
/* Each makes the entry as name in a folder. False: it has complained. */
bool unpack_symlink(struct unpacking *unpacking, int folder, const char *name);
bool unpack_link(struct unpacking *unpacking, const struct place *place, int folder, const char *name);
bool unpack_device(struct unpacking *unpacking, int folder, const char *name);

/* Makes way for what is no folder; where a file is mounted, that stays to be written to. False: it has complained. */
bool unpack_make_way(struct unpacking *unpacking, int folder, const char *name, bool *is_mounted_out);
/* Makes a folder, or leaves the one that is there with what is in it. False: it has complained. */
bool unpack_make_folder(struct unpacking *unpacking, int folder, const char *name);

/* Whose the entry becomes: as it says, or as the archive's options do. */
void unpack_owner(const struct unpacking *unpacking, uid_t *uid, gid_t *gid);
/* Owner, mode and extended attributes. False: it has complained. */
bool unpack_set_attributes(struct unpacking *unpacking, int fd);

void unpack_set_time(int folder, const char *name, int64_t mtime);
/* The entry is a folder, which gets its time later: unpack_set_folder_times() forgets them all. */
void unpack_remember_folder(struct unpacking *unpacking);
void unpack_set_folder_times(struct unpacking *unpacking);

#endif
