// SPDX-License-Identifier: Apache-2.0
/* Mounts a proc of this process's PID namespace, detached from all folders. */
#include "shares/server/own_proc.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

/* Its own proc is read-only: links in it lead to files with their own mounts' attributes. */
#define ATTRIBUTES (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

int own_proc_descriptors(void) {
  int context = -1, tree = -1, descriptors = -1, error;

  if (getpid() != 1) {
    errno = EPERM;
    return -1;
  }
  context = fsopen("proc", FSOPEN_CLOEXEC);
  if (context < 0 || fsconfig(context, FSCONFIG_SET_STRING, "subset", "pid", 0) != 0 ||
      fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) != 0)
    goto out;
  tree = fsmount(context, FSMOUNT_CLOEXEC, ATTRIBUTES);
  if (tree >= 0)
    descriptors = openat(tree, "self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
out:
  error = errno;
  if (tree >= 0)
    close(tree);
  if (context >= 0)
    close(context);
  errno = error;
  return descriptors;
}
