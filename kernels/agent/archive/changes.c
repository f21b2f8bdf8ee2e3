// SPDX-License-Identifier: Apache-2.0
/*
 * CHANGES: compares a container's writable layer with the layers below and writes a line for each changed path: A
 * added, C changed, D deleted, a space, the path, NUL.
 */
#define _GNU_SOURCE
#include "archive/archive.h"
#include "archive/inside.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

struct changes {
  struct tar_out out; /* serves as a buffer for lines */
  char path[TAR_PATH_MAX];
};

bool archive_is_whiteout(mode_t mode, dev_t device) {
  return S_ISCHR(mode) && device == makedev(0, 0);
}

bool archive_is_opaque(int folder) {
  char value[2] = "";

  return fgetxattr(folder, "trusted.overlay.opaque", value, sizeof value) == 1 && value[0] == 'y';
}

int archive_open_upper(const struct archive *archive) {
  char path[TAR_PATH_MAX];

  snprintf(path, sizeof path, "%s/upper/up", archive->folder);
  return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Makes an overlay of the layers alone, which is mounted nowhere. A single layer needs no overlay. */
int archive_open_lower(const struct archive *archive) {
  char path[TAR_PATH_MAX];
  int context, tree = -1, layers = 0;

  for (;; layers++) {
    snprintf(path, sizeof path, "%s/layers/%d", archive->folder, layers);
    if (access(path, F_OK) != 0)
      break;
  }
  if (layers <= 1) {
    snprintf(path, sizeof path, "%s/layers/0", archive->folder);
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  }
  context = fsopen("overlay", FSOPEN_CLOEXEC);
  if (context < 0)
    return -1;
  while (layers-- > 0) {
    snprintf(path, sizeof path, "%s/layers/%d", archive->folder, layers);
    if (fsconfig(context, FSCONFIG_SET_STRING, "lowerdir+", path, 0) != 0)
      goto out;
  }
  if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
    tree = fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY);
out:
  close(context);
  return tree;
}

static bool say(struct changes *changes, char kind, const char *path) {
  const char head[2] = {kind, ' '};

  return (tar_out_bytes(&changes->out, head, 2) && tar_out_bytes(&changes->out, path, strlen(path) + 1)) ||
         archive_complain("write", "the list", NULL);
}

static bool enter(struct changes *changes, const char *name, size_t *length) {
  *length = strlen(changes->path);
  if (*length + 1 + strlen(name) >= sizeof changes->path)
    return archive_complain("list", changes->path, "a path in it is too long");
  strcat(changes->path, "/");
  strcat(changes->path, name);
  return true;
}

static bool is_dots(const char *name) {
  return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int open_folder(int folder, const char *name) {
  return openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* An opaque folder hides every lower entry that it does not contain itself: reports each one as deleted. */
static bool say_hidden(struct changes *changes, int upper, int lower) {
  int copy = openat(lower, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *children = copy >= 0 ? fdopendir(copy) : NULL;
  struct dirent *child;
  struct stat status;
  bool ok = true;

  while (children && ok && (child = readdir(children))) {
    size_t length;

    if (is_dots(child->d_name) || fstatat(upper, child->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0)
      continue;
    ok = enter(changes, child->d_name, &length) && say(changes, 'D', changes->path);
    changes->path[length] = '\0';
  }
  if (children)
    closedir(children);
  return ok;
}

static bool compare(struct changes *changes, int upper, int lower);

/* lower is -1 if no lower layer has the parent folder. */
static bool compare_node(struct changes *changes, int upper, int lower, const char *name) {
  struct stat status, below;
  bool is_below = lower >= 0 && fstatat(lower, name, &below, AT_SYMLINK_NOFOLLOW) == 0;
  int folder, folder_below = -1;
  bool ok;

  if (fstatat(upper, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
    return true;
  if (archive_is_whiteout(status.st_mode, status.st_rdev))
    return !is_below || say(changes, 'D', changes->path);
  if (!say(changes, is_below ? 'C' : 'A', changes->path))
    return false;
  if (!S_ISDIR(status.st_mode))
    return true;
  folder = open_folder(upper, name);
  if (folder < 0)
    return true;
  if (is_below && S_ISDIR(below.st_mode))
    folder_below = open_folder(lower, name);
  ok = compare(changes, folder, folder_below);
  if (folder_below >= 0)
    close(folder_below);
  return ok;
}

/* Closes upper. */
static bool compare(struct changes *changes, int upper, int lower) {
  bool is_opaque = archive_is_opaque(upper), ok = !is_opaque || lower < 0 || say_hidden(changes, upper, lower);
  DIR *children = fdopendir(upper);
  struct dirent *child;

  if (!children) {
    close(upper);
    return archive_complain("read the folder", changes->path, NULL);
  }
  while (ok && (child = readdir(children))) {
    size_t length;

    if (is_dots(child->d_name))
      continue;
    ok = enter(changes, child->d_name, &length) && compare_node(changes, dirfd(children), lower, child->d_name);
    changes->path[length] = '\0';
  }
  closedir(children);
  return ok;
}

bool archive_changes(const struct archive *archive) {
  static struct changes changes;
  int upper = archive_open_upper(archive), lower = archive_open_lower(archive);

  changes.out.fd = STDOUT_FILENO;
  if (upper < 0 || lower < 0)
    return archive_complain("open", "the layers", NULL);
  return compare(&changes, upper, lower) &&
         (tar_out_flush(&changes.out) || archive_complain("write", "the list", NULL));
}
