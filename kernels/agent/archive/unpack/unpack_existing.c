// SPDX-License-Identifier: Apache-2.0
/* Removes or keeps the nodes that exist at an entry's path. */
#define _GNU_SOURCE
#include "archive/unpack/unpack.h"
#include "base/remove.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

bool unpack_remove_existing(struct unpacking *unpacking, int folder, const char *name, bool *is_mounted_out) {
  struct stat status;

  *is_mounted_out = false;
  if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT || unpack_fail(unpacking, NULL);
  if (S_ISDIR(status.st_mode)) {
    if (!(unpacking->archive->options & THAW_ARCHIVE_OVERWRITE))
      return unpack_fail(unpacking, "a folder is there, and what is copied is none; see --overwrite");
    return remove_tree(folder, name) || unpack_fail(unpacking, NULL);
  }
  if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
    return true;
  /* a file with a mount on it, such as /etc/hosts, can only be written to */
  *is_mounted_out = errno == EBUSY;
  return *is_mounted_out || unpack_fail(unpacking, NULL);
}

bool unpack_make_folder(struct unpacking *unpacking, int folder, const char *name) {
  struct stat status;

  if (mkdirat(folder, name, 0700) == 0)
    return true;
  if (errno != EEXIST)
    return unpack_fail(unpacking, NULL);
  if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
    return unpack_fail(unpacking, NULL);
  if (S_ISDIR(status.st_mode))
    return true;
  if (!(unpacking->archive->options & THAW_ARCHIVE_OVERWRITE))
    return unpack_fail(unpacking, "something that is no folder is there; see --overwrite");
  if (unlinkat(folder, name, 0) != 0 || mkdirat(folder, name, 0700) != 0)
    return unpack_fail(unpacking, NULL);
  return true;
}
