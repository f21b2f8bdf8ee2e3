// SPDX-License-Identifier: Apache-2.0
/* MOUNT_SHARE and UNMOUNT_SHARE: mounts and unmounts the trees of files that dom0 shares with this guest. */
#include "rootfs/shares.h"

#include "base/child.h"
#include "base/loop.h"
#include "protocol/control.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * access=client: each user of the guest attaches to the server separately, and the guest's kernel checks permissions.
 * cache=mmap: each read asks dom0 anew, since dom0 and other guests may change a file, and yet a file can be mapped
 * for writing.
 */
#define OPTIONS "trans=xen,version=9p2000.L,access=client,cache=mmap,msize=%u"

/* A 9P file system has one of these, 9p-NUMBER, as long as it is mounted or one of its files is open. */
#define DEVICES "/sys/class/bdi"
#define DEVICE "9p-"

#define UNMOUNT_NS (10000 * AGENT_MS)
#define POLL_NS (100 * AGENT_MS)

struct share {
  struct share *next;
  char tag[AGENT_NAME_MAX + 1];
  unsigned long number;
  bool unmounted;
};

/* An UNMOUNT_SHARE in progress. */
struct unmounting {
  struct agent_child child;
  struct agent_timer poll;
  struct agent_request request;
  uint64_t deadline_ns;
  char tag[AGENT_NAME_MAX + 1];
};

static struct share *all;

static struct share *find(const char *tag) {
  struct share *share = all;

  while (share && strcmp(share->tag, tag) != 0)
    share = share->next;
  return share;
}

/*
 * Returns the number of the file system mounted last: numbers only rise, and only the agent mounts 9P file systems.
 */
static unsigned long newest(void) {
  DIR *devices = opendir(DEVICES);
  struct dirent *device;
  unsigned long number = 0;

  while (devices && (device = readdir(devices)))
    if (strncmp(device->d_name, DEVICE, sizeof DEVICE - 1) == 0) {
      unsigned long own = strtoul(device->d_name + sizeof DEVICE - 1, NULL, 10);

      number = own > number ? own : number;
    }
  if (devices)
    closedir(devices);
  return number;
}

void agent_mount_share_request(struct agent_request request, struct agent_fields *fields) {
  char tag[AGENT_NAME_MAX + 1], path[AGENT_PATH_MAX], options[128];
  struct share *share;

  if (!agent_fields_name(fields, tag) || !agent_fields_at_end(fields)) {
    agent_control_error(request, THAW_E_MESSAGE, "MOUNT_SHARE is malformed");
    return;
  }
  if (find(tag)) {
    agent_control_error(request, THAW_E_EXISTS, "The share %s is mounted already", tag);
    return;
  }
  share = calloc(1, sizeof *share);
  agent_share_path(path, tag);
  snprintf(options, sizeof options, OPTIONS, THAW_SHARE_MSIZE);
  if (!share || !agent_path_make(path) || mount(tag, path, "9p", MS_NODEV | MS_NOSUID, options) != 0) {
    agent_control_error(request, THAW_E_MOUNT, "Cannot mount the share: %s", strerror(errno));
    free(share);
    return;
  }
  strcpy(share->tag, tag);
  share->number = newest();
  share->next = all;
  all = share;
  agent_control_ok(request, NULL, 0);
}

/* Returns true while the kernel keeps the file system because a file of it is open. */
static bool is_used(const struct share *share) {
  char path[64];

  snprintf(path, sizeof path, DEVICES "/" DEVICE "%lu", share->number);
  return access(path, F_OK) == 0;
}

static void finish(struct unmounting *unmounting, bool is_unmounted) {
  struct share **link = &all;

  if (is_unmounted)
    agent_control_ok(unmounting->request, NULL, 0);
  else
    agent_control_error(unmounting->request, THAW_E_BUSY, "The share %s is in use", unmounting->tag);
  while (is_unmounted && *link && strcmp((*link)->tag, unmounting->tag) != 0)
    link = &(*link)->next;
  if (is_unmounted && *link) {
    struct share *share = *link;

    *link = share->next;
    free(share);
  }
  free(unmounting);
}

/*
 * Runs in a process of its own, whose exit code is an errno: unmounting writes mapped pages back, and dom0 may be
 * slow.
 */
static int unmount(void *context) {
  const struct unmounting *unmounting = context;
  char path[AGENT_PATH_MAX];

  agent_share_path(path, unmounting->tag);
  if (umount2(path, UMOUNT_NOFOLLOW) != 0 && errno != EINVAL && errno != ENOENT)
    return errno > 0 && errno < 256 ? errno : EIO;
  rmdir(path);
  return 0;
}

static void check(struct agent_timer *timer);

static void unmounted(struct agent_child *child, int wait_status) {
  struct unmounting *unmounting = child->owner;
  struct share *share = find(unmounting->tag);

  if (share && WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0)
    share->unmounted = true;
  check(&unmounting->poll);
}

/* Checks whether the file system is gone; another UNMOUNT_SHARE may have removed it meanwhile. */
static void check(struct agent_timer *timer) {
  struct unmounting *unmounting = timer->owner;
  const struct share *share = find(unmounting->tag);

  if (!share || (share->unmounted && !is_used(share)))
    finish(unmounting, true);
  else if (!agent_control_awaits(unmounting->request) || agent_loop_now_ns() >= unmounting->deadline_ns)
    finish(unmounting, false);
  else
    agent_timer_set(timer, POLL_NS);
}

static void next(struct agent_timer *timer) {
  struct unmounting *unmounting = timer->owner;
  const struct share *share = find(unmounting->tag);

  if (!share || share->unmounted || !agent_child_fork(&unmounting->child, unmount, unmounting))
    check(timer);
}

void agent_unmount_share_request(struct agent_request request, struct agent_fields *fields) {
  struct unmounting *unmounting = calloc(1, sizeof *unmounting);

  if (!unmounting) {
    agent_control_error(request, THAW_E_INTERNAL, "No memory");
  } else if (!agent_fields_name(fields, unmounting->tag) || !agent_fields_at_end(fields)) {
    agent_control_error(request, THAW_E_MESSAGE, "UNMOUNT_SHARE is malformed");
    free(unmounting);
  } else {
    agent_fill_end(unmounting->tag);
    unmounting->child.ended = unmounted;
    unmounting->child.owner = unmounting->poll.owner = unmounting;
    unmounting->poll.fire = next;
    unmounting->request = request;
    unmounting->deadline_ns = agent_loop_now_ns() + UNMOUNT_NS;
    next(&unmounting->poll);
  }
}
