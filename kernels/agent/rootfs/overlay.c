// SPDX-License-Identifier: Apache-2.0
/*
 * Mounts a root filesystem: each EROFS layer read-only, and an overlay of them with a tmpfs or a disk above. The
 * overlay takes layers one by one (lowerdir+, Linux 6.8): 64 paths do not fit into mount(2)'s page of options, and no
 * character needs an escape.
 */
#define _GNU_SOURCE
#include "base/log.h"
#include "base/options.h"
#include "base/path.h"
#include "rootfs/layer.h"
#include "rootfs/mount.h"
#include "transport/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define READ_AHEAD_KIB "16"

static void path_of(char path[AGENT_PATH_MAX], const struct agent_rootfs *rootfs, const char *below) {
  agent_path(path, "%s/roots/%s/%s", agent_options.run, rootfs->name, below);
}

static void layer_path(char path[AGENT_PATH_MAX], const struct agent_rootfs *rootfs, uint32_t layer) {
  char below[32];

  snprintf(below, sizeof below, "layers/%u", layer);
  path_of(path, rootfs, below);
}

/* Gives the mount source for a name of MOUNT; false: the layer is incomplete, errno says why. */
static bool source_path(char path[AGENT_PATH_MAX], const char *name) {
  uint32_t number = agent_layer_number(name);

  if (number == 0)
    agent_path(path, "%s/%s", agent_options.dev, name);
  else
    agent_layer_path(path, number);
  return number == 0 || agent_layer_state(number) == AGENT_LAYER_COMPLETE;
}

/*
 * Reduces read-ahead. Data in memory costs as much to read early as late, and a program uses only a part of its file.
 * EROFS has a device of this class for each mounted file; to set an earlier one again does no harm.
 */
static void read_little_ahead(void) {
  DIR *devices = opendir("/sys/class/bdi");
  struct dirent *device;

  while (devices && (device = readdir(devices))) {
    char path[sizeof "/sys/class/bdi//read_ahead_kb" + sizeof device->d_name];
    int fd;

    if (strncmp(device->d_name, "erofs-", 6) != 0)
      continue;
    snprintf(path, sizeof path, "/sys/class/bdi/%s/read_ahead_kb", device->d_name);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, READ_AHEAD_KIB, sizeof READ_AHEAD_KIB - 1) < 0)
      agent_log("%s: %s", path, strerror(errno));
    if (fd >= 0)
      close(fd);
  }
  if (devices)
    closedir(devices);
}

static bool mount_layers(const struct agent_rootfs *rootfs, const char **failed_out) {
  char path[AGENT_PATH_MAX], source[AGENT_PATH_MAX];
  bool in_memory = false;

  for (uint32_t i = 0; i < rootfs->layers; i++) {
    *failed_out = rootfs->devices[i];
    layer_path(path, rootfs, i);
    if (!source_path(source, rootfs->devices[i]) || !agent_path_make(path) ||
        mount(source, path, "erofs", MS_RDONLY | MS_NODEV, NULL) != 0)
      return false;
    in_memory |= agent_layer_number(rootfs->devices[i]) != 0;
  }
  /* a test must not change the settings of its machine */
  if (in_memory && agent_store_is_real())
    read_little_ahead();
  return true;
}

static bool mount_tmpfs(const char *path, uint64_t kib) {
  char options[64] = "mode=0755";

  if (kib > 0)
    snprintf(options, sizeof options, "mode=0755,size=%lluk", (unsigned long long)kib);
  return mount("tmpfs", path, "tmpfs", MS_NODEV, options) == 0;
}

/*
 * discard frees the blocks on the host too. The journal is replayed here, so a damaged disk endangers only its own
 * guest.
 */
static bool mount_disk(const char *path, const char *name) {
  char source[AGENT_PATH_MAX];

  agent_path(source, "%s/%s", agent_options.dev, name);
  return mount(source, path, "ext4", MS_NODEV, "errors=remount-ro,discard") == 0;
}

static bool mount_upper(const struct agent_rootfs *rootfs, const char **failed_out) {
  char path[AGENT_PATH_MAX];

  *failed_out = "the writable layer";
  path_of(path, rootfs, "upper");
  if (!agent_path_make(path) ||
      !(rootfs->upper[0] ? mount_disk(path, rootfs->upper) : mount_tmpfs(path, rootfs->upper_kib)))
    return false;
  path_of(path, rootfs, "upper/up");
  if (!agent_path_make(path))
    return false;
  path_of(path, rootfs, "upper/work");
  return agent_path_make(path);
}

static bool mount_overlay(const struct agent_rootfs *rootfs, const char **failed_out) {
  char path[AGENT_PATH_MAX];
  int context = fsopen("overlay", FSOPEN_CLOEXEC), tree = -1;
  bool ok = false;

  *failed_out = "the overlay";
  if (context < 0)
    return false;
  for (uint32_t i = rootfs->layers; i-- > 0;) { /* the topmost first */
    layer_path(path, rootfs, i);
    if (fsconfig(context, FSCONFIG_SET_STRING, "lowerdir+", path, 0) != 0)
      goto out;
  }
  path_of(path, rootfs, "upper/up");
  if (fsconfig(context, FSCONFIG_SET_STRING, "upperdir", path, 0) != 0)
    goto out;
  path_of(path, rootfs, "upper/work");
  if (fsconfig(context, FSCONFIG_SET_STRING, "workdir", path, 0) != 0 ||
      fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) != 0)
    goto out;
  tree = fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NODEV);
  path_of(path, rootfs, "rootfs");
  ok = tree >= 0 && agent_path_make(path) && move_mount(tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) == 0;
out:
  if (tree >= 0)
    close(tree);
  close(context);
  return ok;
}

bool agent_overlay_mount(const struct agent_rootfs *rootfs, char *text, size_t size) {
  const char *failed;

  if (mount_layers(rootfs, &failed) && mount_upper(rootfs, &failed) && mount_overlay(rootfs, &failed))
    return true;
  snprintf(text, size, "Cannot mount %s: %s", failed, strerror(errno));
  agent_overlay_unmount(rootfs);
  return false;
}

/* A disk outlives the domain, even when an open file keeps its file system from being unmounted. */
void agent_overlay_write_back(const struct agent_rootfs *rootfs) {
  char path[AGENT_PATH_MAX];
  int fd;

  if (!rootfs->upper[0])
    return;

  path_of(path, rootfs, "upper");
  fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return;
  if (syncfs(fd) != 0)
    agent_log("the writable layer: not all is written: %s", strerror(errno));
  close(fd);
}

/* A missing mount is no error: UNMOUNT may come twice. */
static bool unmount(const char *path) {
  return umount2(path, UMOUNT_NOFOLLOW) == 0 || errno == EINVAL || errno == ENOENT;
}

bool agent_overlay_unmount(const struct agent_rootfs *rootfs) {
  char path[AGENT_PATH_MAX];
  int saved;
  bool ok;

  path_of(path, rootfs, "rootfs");
  ok = unmount(path);
  path_of(path, rootfs, "upper");
  ok = ok && unmount(path);
  if (!ok) {
    saved = errno;
    agent_overlay_write_back(rootfs);
    errno = saved;
  }
  for (uint32_t i = rootfs->layers; ok && i-- > 0;) {
    layer_path(path, rootfs, i);
    ok = unmount(path);
  }
  path_of(path, rootfs, "");
  if (ok)
    agent_path_remove(path);
  return ok;
}
