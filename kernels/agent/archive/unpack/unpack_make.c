// SPDX-License-Identifier: Apache-2.0
/* Makes one entry in its parent folder, which is open. No link is followed. */
#define _GNU_SOURCE
#include "archive/inside.h"
#include "archive/unpack/unpack.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static bool write_content(struct unpacking *unpacking, int fd) {
  static uint8_t piece[TAR_BUFFER];
  ssize_t got;

  while ((got = tar_in_read(&unpacking->in, piece, sizeof piece)) > 0) {
    for (ssize_t done = 0; done < got;) {
      ssize_t put = write(fd, piece + done, (size_t)(got - done));

      if (put < 0 && errno == EINTR)
        continue;
      if (put < 0)
        return unpack_fail(unpacking, NULL);
      done += put;
    }
  }
  return got == 0 || archive_complain("read", "the archive", "it ends in the middle of a file");
}

static bool make_file(struct unpacking *unpacking, int folder, const char *name) {
  bool is_mounted, ok;
  int fd;

  if (!unpack_remove_existing(unpacking, folder, name, &is_mounted))
    return false;
  fd = openat(folder, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | (is_mounted ? O_TRUNC : O_CREAT | O_EXCL), 0600);
  if (fd < 0)
    return unpack_fail(unpacking, NULL);
  ok = write_content(unpacking, fd) && unpack_set_attributes(unpacking, fd);
  if (close(fd) != 0 && ok)
    ok = unpack_fail(unpacking, NULL);
  if (ok)
    unpack_set_time(folder, name, unpacking->entry.mtime);
  return ok;
}

static bool make_folder(struct unpacking *unpacking, int folder, const char *name) {
  bool ok;
  int fd;

  if (!unpack_make_folder(unpacking, folder, name))
    return false;
  fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return unpack_fail(unpacking, NULL);
  ok = unpack_set_attributes(unpacking, fd);
  close(fd);
  unpack_remember_folder(unpacking);
  return ok;
}

bool unpack_make(struct unpacking *unpacking, const struct target *target) {
  char name[256];
  int folder = inside_make_parent(unpacking->archive->root, unpacking->path, name);
  bool ok;

  if (folder < 0)
    return unpack_fail(unpacking, NULL);
  switch (unpacking->entry.type) {
  case TAR_FILE:
    ok = make_file(unpacking, folder, name);
    break;
  case TAR_FOLDER:
    ok = make_folder(unpacking, folder, name);
    break;
  case TAR_SYMLINK:
    ok = unpack_symlink(unpacking, folder, name);
    break;
  case TAR_LINK:
    ok = unpack_link(unpacking, target, folder, name);
    break;
  default:
    ok = unpack_device(unpacking, folder, name);
  }
  close(folder);
  return ok;
}
