// SPDX-License-Identifier: Apache-2.0
/*
 * Sets the attributes of unpacked files. A folder gets its time last, because each file put into it changes that
 * time.
 */
#define _GNU_SOURCE
#include "archive/inside.h"
#include "archive/unpack/unpack.h"
#include "archive/xattrs.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDERS_MAX 100000u

/* A folder whose time is still to be set. */
struct unpack_folder {
  struct unpack_folder *next;
  int64_t mtime;
  char path[];
};

void unpack_owner(const struct unpacking *unpacking, uid_t *uid, gid_t *gid) {
  bool is_given = unpacking->archive->options & THAW_ARCHIVE_OWNER;

  *uid = is_given ? unpacking->archive->uid : unpacking->entry.uid;
  *gid = is_given ? unpacking->archive->gid : unpacking->entry.gid;
}

/* The order matters: a change of owner removes set-user-ID bits and capabilities. */
bool unpack_set_attributes(struct unpacking *unpacking, int fd) {
  uid_t uid;
  gid_t gid;

  unpack_owner(unpacking, &uid, &gid);
  if (fchown(fd, uid, gid) != 0 || fchmod(fd, unpacking->entry.mode & 07777) != 0)
    return unpack_fail(unpacking, NULL);
  xattrs_set(&unpacking->entry, fd);
  return true;
}

void unpack_set_time(int folder, const char *name, int64_t mtime) {
  const struct timespec times[2] = {{0, UTIME_NOW}, {mtime, 0}};

  utimensat(folder, name, times, AT_SYMLINK_NOFOLLOW);
}

void unpack_remember_folder(struct unpacking *unpacking) {
  size_t length = strlen(unpacking->path) + 1;
  struct unpack_folder *folder = unpacking->folders_count < FOLDERS_MAX ? malloc(sizeof *folder + length) : NULL;

  if (!folder)
    return;
  folder->next = unpacking->folders;
  folder->mtime = unpacking->entry.mtime;
  memcpy(folder->path, unpacking->path, length);
  unpacking->folders = folder;
  unpacking->folders_count++;
}

void unpack_set_folder_times(struct unpacking *unpacking) {
  while (unpacking->folders) {
    struct unpack_folder *folder = unpacking->folders;
    char name[256];
    int above = inside_parent(unpacking->archive->root, folder->path, name);

    if (above >= 0) {
      unpack_set_time(above, name, folder->mtime);
      close(above);
    }
    unpacking->folders = folder->next;
    free(folder);
  }
}
