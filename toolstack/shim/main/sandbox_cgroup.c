// SPDX-License-Identifier: Apache-2.0
/* Makes a sandbox's cgroup before its first process: a process that moves later waits for all CPUs (RCU). */
#include "main/sandbox_cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Writes the value of a word FILE=VALUE to that file. Returns 0 or an errno. */
static int limit_set(int dir, const char *limit) {
  const char *value = strchr(limit, '=');
  char name[NAME_MAX + 1];
  int error = 0, fd;

  if (value == NULL || snprintf(name, sizeof name, "%.*s", (int)(value - limit), limit) >= (int)sizeof name)
    return EINVAL;
  value++;
  fd = openat(dir, name, O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return errno;
  if (write(fd, value, strlen(value)) < 0)
    error = errno;
  close(fd);
  return error;
}

int sandbox_cgroup_open(const struct sandbox_cgroups *cgroups, const char *name, int *fd_out) {
  char path[PATH_MAX];
  bool is_new;
  int error = 0, fd;

  if (*name == '.' || *name == '\0' || strchr(name, '/') != NULL)
    return EINVAL;
  if (snprintf(path, sizeof path, "%s/%s", cgroups->dir, name) >= (int)sizeof path)
    return ENAMETOOLONG;
  is_new = mkdir(path, 0755) == 0;
  if (!is_new && errno != EEXIST)
    return errno;
  fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    error = errno;
  for (char **limit = cgroups->limits; is_new && error == 0 && *limit != NULL; limit++)
    error = limit_set(fd, *limit);
  if (error == 0) {
    *fd_out = fd;
    return 0;
  }
  if (fd >= 0)
    close(fd);
  if (is_new)
    rmdir(path);
  return error;
}
