// SPDX-License-Identifier: Apache-2.0
/* How a process with mounts of its own leaves dom0's tree behind. */
#ifndef THAW_ROOT_H
#define THAW_ROOT_H

#include <errno.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Makes the mount that the current folder is into the root, with nothing else in it: 0, or -1 with errno. pivot_root
 * cannot leave a root that is the initramfs; there the tree is moved onto it.
 */
static inline int root_here(void) {
  if (syscall(SYS_pivot_root, ".", ".") == 0)
    return umount2(".", MNT_DETACH) != 0 || chdir("/") != 0 ? -1 : 0;
  if (errno != EINVAL || mount(".", "/", NULL, MS_MOVE, NULL) != 0 || chroot(".") != 0)
    return -1;
  return chdir("/");
}

#endif
