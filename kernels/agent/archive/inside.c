// SPDX-License-Identifier: Apache-2.0
/* Looks paths up in an untrusted root. The kernel does each look-up in one call, so no result of a check can
 * change before its use. */
#define _GNU_SOURCE
#include "archive/inside.h"

#include <errno.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LINKS_MAX 40

int inside_open(int root, const char *path, int flags) {
  struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC), .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
  long fd;

  /* EAGAIN: a rename took place meanwhile, and the kernel could not tell whether the path stayed inside */
  for (int tries = 0; tries < 100; tries++) {
    fd = syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof how);
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
      break;
  }
  return (int)fd;
}

bool inside_join(char out[TAR_PATH_MAX], const char *a, const char *b) {
  char joined[2 * TAR_PATH_MAX];
  int length = snprintf(joined, sizeof joined, "%s/%s", a, b);

  if (length < 0 || length >= TAR_PATH_MAX) {
    errno = ENAMETOOLONG;
    return false;
  }
  memcpy(out, joined, (size_t)length + 1);
  return true;
}

/* Splits off the last component and ignores slashes behind it. */
static bool split(const char *path, char parent[TAR_PATH_MAX], char base[256]) {
  size_t end = strlen(path), start;

  while (end > 0 && path[end - 1] == '/')
    end--;
  start = end;
  while (start > 0 && path[start - 1] != '/')
    start--;
  if (end - start > 255 || start >= TAR_PATH_MAX) {
    errno = ENAMETOOLONG;
    return false;
  }
  memcpy(parent, path, start);
  parent[start] = '\0';
  memcpy(base, path + start, end - start);
  base[end - start] = '\0';
  if (end == start)
    strcpy(base, ".");
  return true;
}

int inside_parent(int root, const char *path, char base[256]) {
  char parent[TAR_PATH_MAX];

  return split(path, parent, base) ? inside_open(root, parent, O_PATH | O_DIRECTORY) : -1;
}

int inside_make_parent(int root, const char *path, char base[256]) {
  char parent[TAR_PATH_MAX], part[TAR_PATH_MAX];
  int fd = inside_parent(root, path, base);

  if (fd >= 0 || errno != ENOENT || !split(path, parent, base))
    return fd;
  for (char *slash = strchr(parent + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    char name[256];
    int above;

    memcpy(part, parent, (size_t)(slash - parent));
    part[slash - parent] = '\0';
    above = inside_parent(root, part, name);
    if (above < 0)
      return -1;
    if (mkdirat(above, name, 0755) != 0 && errno != EEXIST) {
      close(above);
      return -1;
    }
    close(above);
  }
  return inside_open(root, parent, O_PATH | O_DIRECTORY);
}

bool inside_follow(int root, const char *path, char out[TAR_PATH_MAX]) {
  char parent[TAR_PATH_MAX], link[TAR_PATH_MAX], base[256];

  if (strlen(path) >= TAR_PATH_MAX) {
    errno = ENAMETOOLONG;
    return false;
  }
  strcpy(out, path);
  for (int links = 0; links < LINKS_MAX; links++) {
    ssize_t length;
    int fd;

    if (!split(out, parent, base))
      return false;
    fd = inside_open(root, parent, O_PATH | O_DIRECTORY);
    if (fd < 0)
      return false;
    length = readlinkat(fd, base, link, sizeof link - 1);
    close(fd);
    if (length < 0)
      return true; /* not a link, or it does not exist */
    link[length] = '\0';
    if (link[0] == '/')
      strcpy(out, link);
    else if (!inside_join(out, parent, link))
      return false;
  }
  errno = ELOOP;
  return false;
}

void inside_base(const char *path, char base[256]) {
  char parent[TAR_PATH_MAX];

  if (!split(path, parent, base))
    base[0] = '\0';
  if (strcmp(base, ".") == 0 && parent[0] && strcmp(parent, "/") != 0)
    inside_base(parent, base);
  if (strcmp(base, ".") == 0 || strcmp(base, "..") == 0)
    base[0] = '\0';
}
