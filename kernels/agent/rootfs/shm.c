// SPDX-License-Identifier: Apache-2.0
/* SHM: gives a container access to a tmpfs that another container has at one of its paths. */
#define _GNU_SOURCE
#include "rootfs/shm.h"

#include "base/child.h"
#include "base/options.h"
#include "base/path.h"
#include "process/process.h"
#include "protocol/control.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOUNTS_MAX 8

struct sharing {
  struct agent_child child;
  struct agent_request request;
  int mounts; /* mount namespace of the container that has the tmpfs */
  char path[PATH_MAX], target[AGENT_PATH_MAX];
};

/*
 * The copy is private, because the owner of a shared mount could mount over it and so over the copy. dom0 chooses the
 * flags.
 */
static const struct mount_attr own = {
    .attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
    .attr_clr = MOUNT_ATTR_RDONLY,
    .propagation = MS_PRIVATE,
};

static void finish(struct sharing *sharing, int error) {
  if (error == 0)
    agent_control_ok(sharing->request, NULL, 0);
  else
    agent_control_error(sharing->request, THAW_E_MOUNT, "Cannot share %.200s: %s", sharing->path, strerror(error));
  close(sharing->mounts);
  free(sharing);
}

static void shared(struct agent_child *child, int wait_status) {
  finish(child->owner, WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : EINTR);
}

/*
 * Copies the mount of a tmpfs and refuses every other file system that the container may have mounted there. -1:
 * errno says why.
 */
static int open_copy(const char *path) {
  int tree = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
  struct statfs status;

  if (tree < 0)
    return -1;
  if (fstatfs(tree, &status) == 0 && status.f_type == TMPFS_MAGIC)
    return tree;
  close(tree);
  errno = EMEDIUMTYPE;
  return -1;
}

/*
 * Runs in a process of its own, which has one thread and its own root, and whose exit code is an errno. Only a
 * process in a mount's namespace can copy the mount; the copy belongs to no namespace until it is attached.
 */
static int copy(void *context) {
  const struct sharing *sharing = context;
  struct mount_attr attributes = own;
  int here = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC), tree;

  if (here < 0 || setns(sharing->mounts, CLONE_NEWNS) != 0)
    return errno;
  tree = open_copy(sharing->path);
  if (tree < 0 || setns(here, CLONE_NEWNS) != 0 ||
      mount_setattr(tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0 ||
      move_mount(tree, "", AT_FDCWD, sharing->target, MOVE_MOUNT_F_EMPTY_PATH) != 0)
    return errno;
  return 0;
}

void agent_shm_end(const char *name) {
  char path[AGENT_PATH_MAX];

  agent_path(path, "%s/shm/%s", agent_options.run, name);
  /* a tmpfs that was requested twice is mounted twice */
  for (int i = 0; i < MOUNTS_MAX && umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0; i++)
    ;
  rmdir(path);
}

/* Opens the namespace in the agent itself, before the pid can be reused. -1: the process has ended. */
static int open_mounts(pid_t pid) {
  char path[64];

  snprintf(path, sizeof path, "/proc/%d/ns/mnt", (int)pid);
  return pid > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
}

void agent_shm_request(struct agent_request request, struct agent_fields *fields) {
  char container[AGENT_NAME_MAX + 1], name[AGENT_NAME_MAX + 1];
  struct sharing *sharing = calloc(1, sizeof *sharing);
  const struct agent_process *process;
  struct agent_field path;

  if (!sharing) {
    agent_control_error(request, THAW_E_INTERNAL, "No memory");
    return;
  }
  if (!agent_fields_name(fields, container) || !agent_fields_next(fields, &path) || !agent_fields_name(fields, name) ||
      !agent_fields_at_end(fields) || path.length == 0 || path.length >= sizeof sharing->path ||
      memchr(path.bytes, '\0', path.length)) {
    agent_control_error(request, THAW_E_MESSAGE, "SHM is malformed");
    free(sharing);
    return;
  }
  process = agent_process_by_container(container);
  if (process && process->state == AGENT_STARTING) {
    agent_control_error(request, THAW_E_BUSY, "Container %s is starting", container);
    free(sharing);
    return;
  }
  sharing->mounts = process && !process->has_ended ? open_mounts(process->pid) : -1;
  if (sharing->mounts < 0) {
    agent_control_error(request, THAW_E_NOENT, "Container %s does not run", container);
    free(sharing);
    return;
  }
  memcpy(sharing->path, path.bytes, path.length);
  agent_path(sharing->target, "%s/shm/%s", agent_options.run, name);
  sharing->request = request;
  sharing->child.ended = shared;
  sharing->child.owner = sharing;
  if (!agent_path_make(sharing->target) || !agent_child_fork(&sharing->child, copy, sharing))
    finish(sharing, errno);
}
