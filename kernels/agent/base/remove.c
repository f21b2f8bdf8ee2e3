// SPDX-License-Identifier: Apache-2.0
/* Removes a folder and everything in it. */
#define _GNU_SOURCE
#include "base/remove.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

bool remove_tree(int folder, const char *name) {
  struct dirent *child;
  DIR *children;
  bool ok = true;
  int fd;

  if (unlinkat(folder, name, 0) == 0)
    return true;
  fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  children = fd >= 0 ? fdopendir(fd) : NULL;
  if (!children) {
    if (fd >= 0)
      close(fd);
    return false;
  }
  while (ok && (child = readdir(children)))
    if (strcmp(child->d_name, ".") != 0 && strcmp(child->d_name, "..") != 0)
      ok = remove_tree(dirfd(children), child->d_name);
  closedir(children);
  return ok && unlinkat(folder, name, AT_REMOVEDIR) == 0;
}
