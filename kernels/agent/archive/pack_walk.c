// SPDX-License-Identifier: Apache-2.0
/* Walks folders and packs their entries. Each folder is opened below its parent and never through a link. */
#define _GNU_SOURCE
#include "archive/pack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Adds a name to the path. A path beyond the limit is too long for every tar, and for open(2) too. */
static bool enter(struct packing *packing, const char *name, size_t *length) {
  char *path = packing->entry.path;

  *length = strlen(path);
  if (*length + 1 + strlen(name) + 1 >= TAR_PATH_MAX)
    return archive_complain("pack", path, "a path in it is too long");
  if (*length > 0 && path[*length - 1] != '/')
    strcat(path, "/");
  strcat(path, name);
  return true;
}

/* Writes an empty file that serves as a mark in an image layer. */
static bool put_mark(struct packing *packing, const char *prefix, const char *name) {
  char mark[256 + 8];
  size_t length;
  bool ok;

  strcpy(mark, prefix);
  strcat(mark, name);
  if (!enter(packing, mark, &length))
    return false;
  ok = pack_empty(packing);
  packing->entry.path[length] = '\0';
  return ok;
}

static bool put_children(struct packing *packing, int fd) {
  DIR *children = fdopendir(fd);
  struct dirent *child;
  bool ok = true;

  if (!children) {
    close(fd);
    return archive_complain("read the folder", packing->entry.path, NULL);
  }
  while (ok && (errno = 0, child = readdir(children))) {
    size_t length;

    if (strcmp(child->d_name, ".") == 0 || strcmp(child->d_name, "..") == 0)
      continue;
    if (packing->is_layer && strncmp(child->d_name, ".wh.", 4) == 0)
      continue; /* an image layer cannot contain this name: it would be read as a mark */
    ok = enter(packing, child->d_name, &length) && pack_node(packing, dirfd(children), child->d_name);
    packing->entry.path[length] = '\0';
  }
  if (ok && errno != 0)
    ok = archive_complain("read the folder", packing->entry.path, NULL);
  closedir(children);
  return ok;
}

static bool put_folder(struct packing *packing, int fd, const struct stat *status) {
  bool ok = pack_folder(packing, fd, status);

  if (ok && packing->is_layer && archive_is_opaque(fd))
    ok = put_mark(packing, ".wh..wh..opq", "");
  if (ok)
    return put_children(packing, fd);
  close(fd);
  return false;
}

bool pack_open(struct packing *packing, int fd, const struct stat *status) {
  const char *first = NULL;
  bool ok;

  if (S_ISDIR(status->st_mode))
    return put_folder(packing, fd, status);
  if (status->st_nlink > 1)
    first = links_first(&packing->links, status->st_dev, status->st_ino, packing->entry.path);
  ok = first ? pack_link(packing, status, first) : pack_file(packing, fd, status);
  close(fd);
  return ok;
}

bool pack_node(struct packing *packing, int folder, const char *name) {
  struct stat status;
  int fd;

  if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT || archive_complain("look at", packing->entry.path, NULL);
  if (packing->is_layer && archive_is_whiteout(status.st_mode, status.st_rdev)) {
    char *slash = strrchr(packing->entry.path, '/');
    bool ok;

    *slash = '\0';
    ok = put_mark(packing, ".wh.", name);
    *slash = '/';
    return ok;
  }
  if (S_ISLNK(status.st_mode))
    return pack_symlink(packing, folder, name, &status);
  if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode) || S_ISFIFO(status.st_mode))
    return pack_device(packing, &status);
  if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
    return true; /* a socket is useless without its listener */
  fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0)
    return errno == ENOENT || errno == ELOOP || archive_complain("open", packing->entry.path, NULL);
  if (fstat(fd, &status) == 0 && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)))
    return pack_open(packing, fd, &status);
  close(fd);
  return true;
}
