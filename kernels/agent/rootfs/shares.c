// SPDX-License-Identifier: Apache-2.0
/* FILES and UNFILES: mounts and unmounts the trees of files that dom0 shares with this guest. */
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

struct files {
  struct files *next;
  char tag[AGENT_NAME_MAX + 1];
  unsigned long number;
  bool unmounted;
};

/* An UNFILES in progress. */
struct unmounting {
  struct agent_child child;
  struct agent_timer poll;
  struct agent_request request;
  uint64_t deadline_ns;
  char tag[AGENT_NAME_MAX + 1];
};

static struct files *all;

static struct files *find(const char *tag) {
  struct files *files = all;

  while (files && strcmp(files->tag, tag) != 0)
    files = files->next;
  return files;
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

void agent_files_request(struct agent_request request, struct agent_fields *fields) {
  char tag[AGENT_NAME_MAX + 1], path[AGENT_PATH_MAX], options[128];
  struct files *files;

  if (!agent_fields_name(fields, tag) || !agent_fields_at_end(fields)) {
    agent_control_error(request, THAW_E_MESSAGE, "FILES is malformed");
    return;
  }
  if (find(tag)) {
    agent_control_error(request, THAW_E_EXISTS, "The files of dom0 called %s are mounted", tag);
    return;
  }
  files = calloc(1, sizeof *files);
  agent_files_path(path, tag);
  snprintf(options, sizeof options, OPTIONS, THAW_FILES_MSIZE);
  if (!files || !agent_path_make(path) || mount(tag, path, "9p", MS_NODEV | MS_NOSUID, options) != 0) {
    agent_control_error(request, THAW_E_MOUNT, "Cannot mount the files of dom0: %s", strerror(errno));
    free(files);
    return;
  }
  strcpy(files->tag, tag);
  files->number = newest();
  files->next = all;
  all = files;
  agent_control_ok(request, NULL, 0);
}

/* Returns true while the kernel keeps the file system because a file of it is open. */
static bool is_used(const struct files *files) {
  char path[64];

  snprintf(path, sizeof path, DEVICES "/" DEVICE "%lu", files->number);
  return access(path, F_OK) == 0;
}

static void finish(struct unmounting *unmounting, bool is_unmounted) {
  struct files **link = &all;

  if (is_unmounted)
    agent_control_ok(unmounting->request, NULL, 0);
  else
    agent_control_error(unmounting->request, THAW_E_BUSY, "The files of dom0 called %s are in use", unmounting->tag);
  while (is_unmounted && *link && strcmp((*link)->tag, unmounting->tag) != 0)
    link = &(*link)->next;
  if (is_unmounted && *link) {
    struct files *files = *link;

    *link = files->next;
    free(files);
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

  agent_files_path(path, unmounting->tag);
  if (umount2(path, UMOUNT_NOFOLLOW) != 0 && errno != EINVAL && errno != ENOENT)
    return errno > 0 && errno < 256 ? errno : EIO;
  rmdir(path);
  return 0;
}

static void check(struct agent_timer *timer);

static void unmounted(struct agent_child *child, int wait_status) {
  struct unmounting *unmounting = child->owner;
  struct files *files = find(unmounting->tag);

  if (files && WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0)
    files->unmounted = true;
  check(&unmounting->poll);
}

/* Checks whether the file system is gone; another UNFILES may have removed it meanwhile. */
static void check(struct agent_timer *timer) {
  struct unmounting *unmounting = timer->owner;
  const struct files *files = find(unmounting->tag);

  if (!files || (files->unmounted && !is_used(files)))
    finish(unmounting, true);
  else if (!agent_control_awaits(unmounting->request) || agent_loop_now_ns() >= unmounting->deadline_ns)
    finish(unmounting, false);
  else
    agent_timer_set(timer, POLL_NS);
}

static void next(struct agent_timer *timer) {
  struct unmounting *unmounting = timer->owner;
  const struct files *files = find(unmounting->tag);

  if (!files || files->unmounted || !agent_child_fork(&unmounting->child, unmount, unmounting))
    check(timer);
}

void agent_unfiles_request(struct agent_request request, struct agent_fields *fields) {
  struct unmounting *unmounting = calloc(1, sizeof *unmounting);

  if (!unmounting) {
    agent_control_error(request, THAW_E_INTERNAL, "No memory");
  } else if (!agent_fields_name(fields, unmounting->tag) || !agent_fields_at_end(fields)) {
    agent_control_error(request, THAW_E_MESSAGE, "UNFILES is malformed");
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
