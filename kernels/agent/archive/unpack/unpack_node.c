// SPDX-License-Identifier: Apache-2.0
/* Makes entries without content: symbolic links, hard links and devices. */
#define _GNU_SOURCE
#include "archive/inside.h"
#include "archive/unpack/unpack.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

bool unpack_symlink(struct unpacking *unpacking, int folder, const char *name) {
  bool is_mounted;
  uid_t uid;
  gid_t gid;

  if (!unpack_remove_existing(unpacking, folder, name, &is_mounted))
    return false;
  unpack_owner(unpacking, &uid, &gid);
  if (symlinkat(unpacking->entry.link, folder, name) != 0 || fchownat(folder, name, uid, gid, AT_SYMLINK_NOFOLLOW) != 0)
    return unpack_fail(unpacking, NULL);
  unpack_set_time(folder, name, unpacking->entry.mtime);
  return true;
}

/* Links to a file of the archive by its name in the archive. */
bool unpack_link(struct unpacking *unpacking, const struct target *target, int folder, const char *name) {
  char from_path[TAR_PATH_MAX], from_name[256];
  bool is_mounted, ok;
  int from;

  if (!target_path(target, unpacking->entry.link, from_path))
    return unpack_fail(unpacking, "its link leads out of the archive");
  /* a link to itself: removing the old node would lose the file */
  if (strcmp(from_path, unpacking->path) == 0)
    return true;
  if (!unpack_remove_existing(unpacking, folder, name, &is_mounted))
    return false;
  from = inside_parent(unpacking->archive->root, from_path, from_name);
  ok = from >= 0 && linkat(from, from_name, folder, name, 0) == 0;
  if (!ok)
    unpack_fail(unpacking, NULL);
  if (from >= 0)
    close(from);
  return ok;
}

/*
 * Devices that every container has (crun's own list). Other devices belong to the guest: no archive may give a
 * container access to them.
 */
static bool is_usual(uint32_t major, uint32_t minor) {
  static const uint8_t usual[][2] = {{1, 3}, {1, 5}, {1, 7}, {1, 8}, {1, 9}, {5, 0}, {5, 2}};

  for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
    if (usual[i][0] == major && usual[i][1] == minor)
      return true;
  return false;
}

/* Leaves out every other device file, as a copy into a folder of dom0 does. */
bool unpack_device(struct unpacking *unpacking, int folder, const char *name) {
  const struct tar_entry *entry = &unpacking->entry;
  mode_t kind = entry->type == TAR_CHAR ? S_IFCHR : entry->type == TAR_FIFO ? S_IFIFO : S_IFBLK;
  bool is_mounted;
  uid_t uid;
  gid_t gid;

  if (entry->type != TAR_FIFO && (entry->type != TAR_CHAR || !is_usual(entry->major, entry->minor)))
    return true;
  if (!unpack_remove_existing(unpacking, folder, name, &is_mounted))
    return false;
  unpack_owner(unpacking, &uid, &gid);
  if (mknodat(folder, name, kind | (entry->mode & 07777), makedev(entry->major, entry->minor)) != 0 ||
      fchownat(folder, name, uid, gid, AT_SYMLINK_NOFOLLOW) != 0)
    return unpack_fail(unpacking, NULL);
  unpack_set_time(folder, name, entry->mtime);
  return true;
}
