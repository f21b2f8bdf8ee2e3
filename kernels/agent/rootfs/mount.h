/* SPDX-License-Identifier: Apache-2.0 */
/* Root filesystems: EROFS layers, on block devices or in memory, under an overlay with a tmpfs or a disk on top. */
#ifndef AGENT_MOUNT_H
#define AGENT_MOUNT_H

#include "proto.h"
#include "protocol/control.h"

#define AGENT_LAYERS_MAX THAW_LAYERS_MAX

struct agent_rootfs {
  struct agent_rootfs *next;
  char name[AGENT_NAME_MAX + 1];
  uint32_t layers;
  char devices[AGENT_LAYERS_MAX][32]; /* or names of layers in memory */
  uint64_t upper_kib;
  char upper[32]; /* device of the writable layer, "" for a tmpfs */
};

bool agent_mount_exists(const char *rootfs); /* and is mounted */

void agent_mount_init(void);
void agent_mount_request(struct agent_request request, struct agent_fields *fields);
void agent_unmount_request(struct agent_request request, struct agent_fields *fields);

/* overlay.c: makes all mounts; on failure makes none and gives the reason in text */
bool agent_overlay_mount(const struct agent_rootfs *rootfs, char *text, size_t size);
void agent_overlay_write_back(const struct agent_rootfs *rootfs); /* only if the writable layer is a disk */
bool agent_overlay_unmount(const struct agent_rootfs *rootfs);    /* false: still in use, errno says why */

#endif
