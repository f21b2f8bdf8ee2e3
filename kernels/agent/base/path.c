// SPDX-License-Identifier: Apache-2.0
/* Joins paths, and makes and removes whole directories. */
#define _GNU_SOURCE
#include "base/path.h"

#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void agent_path(char path[AGENT_PATH_MAX], const char *format, ...) {
  va_list args;
  int length;

  va_start(args, format);
  length = vsnprintf(path, AGENT_PATH_MAX, format, args);
  va_end(args);
  if (length < 0 || length >= AGENT_PATH_MAX)
    agent_die("Cannot use a path: %.64s...: it is longer than %d bytes", path, AGENT_PATH_MAX);
}

bool agent_path_make(const char *path) {
  char part[AGENT_PATH_MAX];
  size_t length = strlen(path);

  if (length >= sizeof part) {
    errno = ENAMETOOLONG;
    return false;
  }
  memcpy(part, path, length + 1);
  for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    if (mkdir(part, 0755) != 0 && errno != EEXIST)
      return false;
    *slash = '/';
  }
  return mkdir(part, 0755) == 0 || errno == EEXIST;
}

static void remove_entries(int directory, dev_t device) {
  DIR *entries = fdopendir(directory);
  struct dirent *entry;
  struct stat status;

  if (!entries) {
    close(directory);
    return;
  }
  while ((entry = readdir(entries))) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
      continue;
    if (unlinkat(directory, entry->d_name, 0) == 0)
      continue;
    int below = openat(directory, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (below < 0)
      continue;
    if (fstat(below, &status) == 0 && status.st_dev == device)
      remove_entries(below, device);
    else
      close(below);
    unlinkat(directory, entry->d_name, AT_REMOVEDIR);
  }
  closedir(entries);
}

void agent_path_remove(const char *path) {
  int directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  struct stat status;

  if (directory < 0)
    return;
  if (fstat(directory, &status) == 0)
    remove_entries(directory, status.st_dev);
  else
    close(directory);
  rmdir(path);
}
