// SPDX-License-Identifier: Apache-2.0
/* MOUNT and UNMOUNT: waits for the layers of a root filesystem, and mounts and unmounts it. */
#include "rootfs/mount.h"

#include "base/options.h"
#include "base/path.h"
#include "process/process.h"
#include "protocol/control.h"
#include "rootfs/layer.h"
#include "transport/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A poll for device nodes: stat is cheap, and a netlink socket for their events would cost more. */
#define DEVICE_POLL_NS (1 * AGENT_MS)
/* A poll for a client that goes: look_again() reports layers. A timer before the next tick costs two hypercalls a
 * turn. */
#define LAYER_POLL_NS (100 * AGENT_MS)

struct mounting {
  struct mounting *next;
  struct agent_request request;
  struct agent_rootfs *rootfs;
  uint64_t deadline_ns;
  struct agent_timer poll;
};

static struct agent_rootfs *mounted;
static struct mounting *mountings;

static struct agent_rootfs *find(const char *name) {
  struct agent_rootfs *rootfs = mounted;

  while (rootfs && strcmp(rootfs->name, name) != 0)
    rootfs = rootfs->next;
  return rootfs;
}

bool agent_mount_exists(const char *name) {
  char path[AGENT_PATH_MAX];

  if (agent_store_is_real() || find(name))
    return find(name) != NULL;
  /* most tests cannot mount: they accept an ordinary folder instead */
  agent_path(path, "%s/roots/%s/rootfs", agent_options.run, name);
  return access(path, F_OK) == 0;
}

static bool is_being_mounted(const char *name) {
  struct mounting *mounting = mountings;

  while (mounting && strcmp(mounting->rootfs->name, name) != 0)
    mounting = mounting->next;
  return mounting != NULL;
}

/* devtmpfs shows a disk a moment before the kernel can open it; until then open gives ENXIO */
static bool can_open(const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);

  if (fd >= 0)
    close(fd);
  return fd >= 0;
}

static bool is_device_there(const char *name) {
  char path[AGENT_PATH_MAX];
  struct stat status;

  agent_path(path, "%s/%s", agent_options.dev, name);
  return stat(path, &status) == 0 && S_ISBLK(status.st_mode) && can_open(path);
}

/*
 * Returns the first layer that has not come yet; NULL: all are there. A failed layer counts as there: its mount
 * reports the error.
 */
static const char *missing_layer(const struct agent_rootfs *rootfs) {
  for (uint32_t i = 0; i < rootfs->layers; i++) {
    const char *name = rootfs->devices[i];
    uint32_t number = agent_layer_number(name);

    if (number > 0 ? agent_layer_state(number) == AGENT_LAYER_COMING : !is_device_there(name))
      return name;
  }
  return rootfs->upper[0] && !is_device_there(rootfs->upper) ? rootfs->upper : NULL;
}

static void poll_layers(struct agent_timer *timer) {
  struct mounting *mounting = timer->owner, **link = &mountings;
  struct agent_rootfs *rootfs = mounting->rootfs;
  const char *missing = missing_layer(rootfs);
  uint64_t now_ns = agent_loop_now_ns(), rest_ns;
  char text[512];

  if (missing && agent_control_awaits(mounting->request) && now_ns < mounting->deadline_ns) {
    rest_ns = agent_layer_number(missing) > 0 ? LAYER_POLL_NS : DEVICE_POLL_NS;
    agent_timer_set(timer, now_ns + rest_ns < mounting->deadline_ns ? rest_ns : mounting->deadline_ns - now_ns);
    return;
  }
  if (missing) {
    agent_control_error(
        mounting->request, THAW_E_DEVICE,
        agent_layer_number(missing) > 0 ? "The bytes of %s did not all come" : "Device %s did not appear", missing);
  } else if (!agent_overlay_mount(rootfs, text, sizeof text)) {
    agent_control_error(mounting->request, THAW_E_MOUNT, "%s", text);
  } else {
    rootfs->next = mounted;
    mounted = rootfs;
    mounting->rootfs = NULL;
    agent_control_ok(mounting->request, NULL, 0);
  }
  while (*link != mounting)
    link = &(*link)->next;
  *link = mounting->next;
  free(mounting->rootfs);
  free(mounting);
}

/* A layer is complete, or never will be: the waiting mounts check at once. */
static void look_again(void) {
  for (struct mounting *mounting = mountings; mounting; mounting = mounting->next)
    agent_timer_set(&mounting->poll, 0);
}

static bool parse(struct agent_fields *fields, struct agent_rootfs *rootfs, struct thaw_mount *body) {
  char device[AGENT_NAME_MAX + 1];

  if (!agent_fields_struct(fields, body, sizeof *body) || body->layers < 1 || body->layers > AGENT_LAYERS_MAX ||
      !agent_fields_name(fields, rootfs->name))
    return false;
  rootfs->layers = body->layers;
  rootfs->upper_kib = body->upper_kib;
  for (uint32_t i = 0; i < body->layers; i++) {
    if (!agent_fields_name(fields, device) || strlen(device) >= sizeof rootfs->devices[i])
      return false;
    strcpy(rootfs->devices[i], device);
  }
  if (agent_fields_at_end(fields))
    return true;
  if (!agent_fields_name(fields, device) || strlen(device) >= sizeof rootfs->upper)
    return false;
  strcpy(rootfs->upper, device);
  return agent_fields_at_end(fields);
}

void agent_mount_request(struct agent_request request, struct agent_fields *fields) {
  struct agent_rootfs *rootfs = calloc(1, sizeof *rootfs);
  struct mounting *mounting = calloc(1, sizeof *mounting);
  struct thaw_mount body;

  if (!rootfs || !mounting) {
    agent_control_error(request, THAW_E_INTERNAL, "No memory");
  } else if (!parse(fields, rootfs, &body)) {
    agent_control_error(request, THAW_E_MESSAGE, "MOUNT is malformed");
  } else if (find(rootfs->name) || is_being_mounted(rootfs->name)) {
    agent_control_error(request, THAW_E_EXISTS, "A root filesystem of this name exists");
  } else {
    *mounting = (struct mounting){mountings,
                                  request,
                                  rootfs,
                                  agent_loop_now_ns() + body.timeout_ms * AGENT_MS,
                                  {.fire = poll_layers, .owner = mounting}};
    mountings = mounting;
    poll_layers(&mounting->poll);
    return;
  }
  free(rootfs);
  free(mounting);
}

static bool is_used(const char *name) {
  for (struct agent_process *process = agent_process_first(); process; process = process->next)
    if (!process->has_ended && strcmp(process->rootfs, name) == 0)
      return true;
  return false;
}

void agent_unmount_request(struct agent_request request, struct agent_fields *fields) {
  struct agent_rootfs *rootfs, **link = &mounted;
  char name[AGENT_NAME_MAX + 1];

  if (!agent_fields_name(fields, name) || !agent_fields_at_end(fields)) {
    agent_control_error(request, THAW_E_MESSAGE, "UNMOUNT is malformed");
    return;
  }
  rootfs = find(name);
  if (is_being_mounted(name) || (rootfs && is_used(name))) {
    if (rootfs)
      agent_overlay_write_back(rootfs);
    agent_control_error(request, THAW_E_BUSY, "The root filesystem is in use");
  } else if (rootfs && !agent_overlay_unmount(rootfs)) {
    agent_control_error(request, THAW_E_BUSY, "Cannot unmount the root filesystem: %s", strerror(errno));
  } else {
    while (rootfs && *link != rootfs)
      link = &(*link)->next;
    if (rootfs)
      *link = rootfs->next;
    free(rootfs);
    agent_control_ok(request, NULL, 0);
  }
}

void agent_mount_init(void) {
  agent_layer_init(look_again);
}
