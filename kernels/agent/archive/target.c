// SPDX-License-Identifier: Apache-2.0
/* Chooses the target of a copy by podman's rules. They equal cp's, except for a folder's "/." and a parent that
 * must exist. */
#define _GNU_SOURCE
#include "archive/target.h"

#include "archive/inside.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Returns the file type that a path leads to, 0 if the path does not exist; -1: errno says why it is not known. */
static int kind_of(int root, const char *path) {
  int fd = inside_open(root, path, O_PATH);
  struct stat status;
  int kind;

  if (fd < 0)
    return errno == ENOENT ? 0 : -1;
  kind = fstat(fd, &status) == 0 ? (int)(status.st_mode & S_IFMT) : -1;
  close(fd);
  return kind;
}

static bool ends_as_folder(const char *path) {
  size_t length = strlen(path);

  return (length > 0 && path[length - 1] == '/') || (length > 1 && strcmp(path + length - 2, "/.") == 0);
}

/* Targets the folder itself, or its child with the copied file's name. */
static bool choose_in(struct target *target, const struct archive *archive, bool is_folder) {
  bool has_name = archive->name[0] && !(is_folder && archive->options & THAW_ARCHIVE_CONTENTS);

  if (!has_name) {
    target->has_existed = true;
    strcpy(target->base, archive->path);
    return true;
  }
  if (!inside_join(target->base, archive->path, archive->name))
    return archive_complain("use", archive->path, NULL);
  return true;
}

bool target_choose(struct target *target, const struct archive *archive, bool is_folder) {
  int kind = kind_of(archive->root, archive->path), parent;
  char name[256];

  if (kind < 0 || strlen(archive->path) >= sizeof target->base)
    return archive_complain("use", archive->path, NULL);
  if (!target->is_put && kind != S_IFDIR) {
    errno = kind == 0 ? ENOENT : ENOTDIR;
    return archive_complain("unpack into", archive->path, NULL);
  }
  if (kind == S_IFDIR)
    return choose_in(target, archive, is_folder);
  if (is_folder && kind != 0) {
    if (!(archive->options & THAW_ARCHIVE_OVERWRITE))
      return archive_complain("copy a folder to", archive->path, "it is a file; see --overwrite");
  } else if (!is_folder && kind == 0 && ends_as_folder(archive->path)) {
    errno = ENOENT;
    return archive_complain("find the folder", archive->path, NULL);
  }
  if (!inside_follow(archive->root, archive->path, target->base))
    return archive_complain("find the folder of", archive->path, NULL);
  parent = inside_parent(archive->root, target->base, name);
  if (parent < 0)
    return archive_complain("find the folder of", archive->path, NULL);
  close(parent);
  return true;
}

bool target_path(const struct target *target, const char *path, char out[TAR_PATH_MAX]) {
  bool is_own = target->is_put;

  strcpy(out, target->base);
  while (*path) {
    char name[256];
    size_t length = strcspn(path, "/");

    if (length > 255)
      return false;
    memcpy(name, path, length);
    name[length] = '\0';
    path += length + strspn(path + length, "/");
    if (length == 0 || strcmp(name, ".") == 0)
      continue;
    if (strcmp(name, "..") == 0)
      return false;
    if (is_own)
      is_own = false;
    else if (!inside_join(out, out, name))
      return false;
  }
  return true;
}

bool target_existed(const struct target *target, const char *path) {
  return target->has_existed && strcmp(path, target->base) == 0;
}
