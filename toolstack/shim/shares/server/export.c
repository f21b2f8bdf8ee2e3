// SPDX-License-Identifier: Apache-2.0
/* Builds the tree that a guest sees, and locks this process into it. */
#include "shares/server/export.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../../kernels/agent/proto.h"
#include "../../../api/root.h"

/* The mount point of the tree: any folder that exists on every host. The tree hides it, then replaces the root. */
#define MOUNT_POINT "/proc"
#define DEVICES "/dev"

static int fail(char *text, size_t size, const char *what, const char *path) {
  snprintf(text, size, "Cannot %s %s: %s", what, path, strerror(errno));
  return -1;
}

/*
 * These mount attributes keep the server from following a symbolic link or opening a device, whatever the tree
 * contains. A mount that reaches a slave later has its own attributes.
 */
static int tree_open(const struct export *export) {
  struct mount_attr attributes = {
      .attr_set = MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSYMFOLLOW |
                  (export->read_only ? MOUNT_ATTR_RDONLY : 0),
      .propagation = export->is_slave ? MS_SLAVE : MS_PRIVATE,
  };
  int error, fd = open_tree(AT_FDCWD, export->path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);

  if (fd < 0 || mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof attributes) == 0)
    return fd;
  error = errno;
  close(fd);
  errno = error;
  return -1;
}

/* Creates the mount point, a folder or a file like the mount itself. */
static int make_mount_point(int root, const char *name, int tree) {
  struct stat status;
  int fd;

  if (fstat(tree, &status) != 0)
    return -1;
  if (S_ISDIR(status.st_mode))
    return mkdirat(root, name, 0755);
  if (!S_ISREG(status.st_mode)) {
    errno = EINVAL; /* a socket or device of dom0 has no meaning in a guest */
    return -1;
  }
  fd = openat(root, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  return fd < 0 ? -1 : close(fd);
}

/* Returns the propagation for dom0's mounts in this namespace: slave if any export needs it. */
static unsigned long propagation_of(const struct export *exports, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (exports[i].is_slave)
      return MS_SLAVE;
  return MS_PRIVATE;
}

int export_own_mounts(const struct export *exports, size_t count, char *text, size_t size) {
  struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
  int devices = -1, rc = -1;

  if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | propagation_of(exports, count), NULL) != 0)
    return fail(text, size, "have mounts of its own in", "/");
  devices = open_tree(AT_FDCWD, DEVICES, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
  if (devices < 0 || mount_setattr(devices, "", AT_EMPTY_PATH | AT_RECURSIVE, &read_only, sizeof read_only) != 0 ||
      move_mount(devices, "", AT_FDCWD, DEVICES, MOVE_MOUNT_F_EMPTY_PATH) != 0)
    fail(text, size, "make a read-only mount of", DEVICES);
  else
    rc = 0;
  if (devices >= 0)
    close(devices);
  return rc;
}

int export_enter(const struct export *exports, size_t count, char *text, size_t size) {
  struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
  int trees[THAW_EXPORTS_MAX], root = -1, rc = -1;
  size_t opened = 0;

  if (count > THAW_EXPORTS_MAX) {
    errno = E2BIG;
    return fail(text, size, "share", "so many paths");
  }
  /* the devices are open: an export below /dev is as dom0 has it */
  if (umount2(DEVICES, MNT_DETACH) != 0)
    return fail(text, size, "leave the read-only mount of", DEVICES);
  for (; opened < count; opened++) {
    trees[opened] = tree_open(&exports[opened]);
    if (trees[opened] < 0) {
      fail(text, size, "share", exports[opened].path);
      goto out;
    }
  }
  if (mount("thaw", MOUNT_POINT, "tmpfs", MS_NODEV | MS_NOSUID | MS_NOEXEC, "mode=755,size=1m") != 0 ||
      (root = open(MOUNT_POINT, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0) {
    fail(text, size, "make the tree at", MOUNT_POINT);
    goto out;
  }
  for (size_t i = 0; i < count; i++) {
    char name[16];

    snprintf(name, sizeof name, "%zu", i);
    if (make_mount_point(root, name, trees[i]) != 0 ||
        move_mount(trees[i], "", root, name, MOVE_MOUNT_F_EMPTY_PATH) != 0) {
      fail(text, size, "share", exports[i].path);
      goto out;
    }
  }
  if (mount_setattr(root, "", AT_EMPTY_PATH, &read_only, sizeof read_only) != 0 || fchdir(root) != 0 ||
      root_here() != 0) {
    fail(text, size, "go into the tree at", MOUNT_POINT);
    goto out;
  }
  rc = 0;
out:
  for (size_t i = 0; i < opened; i++)
    close(trees[i]);
  if (root >= 0)
    close(root);
  return rc;
}
