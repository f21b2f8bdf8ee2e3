// SPDX-License-Identifier: Apache-2.0
/* Freezes and limits a container's processes by files of cgroup v2, which the container cannot write. */
#define _GNU_SOURCE
#include "process/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOT "/sys/fs/cgroup"

/* Reads as much as fits and ends it with a NUL. */
static bool read_file(const char *path, char *text, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC), saved;
  ssize_t got = -1;

  if (fd < 0)
    return false;
  got = read(fd, text, size - 1);
  saved = errno;
  close(fd);
  errno = saved;
  text[got > 0 ? got : 0] = '\0';
  return got >= 0;
}

/* Reads the line of the only hierarchy of cgroup v2; pid 0 means the agent itself. */
static bool read_cgroup(pid_t pid, char name[AGENT_PATH_MAX]) {
  char path[64] = "/proc/self/cgroup", text[PATH_MAX], *line, *end;

  if (pid > 0)
    snprintf(path, sizeof path, "/proc/%d/cgroup", (int)pid);
  if (!read_file(path, text, sizeof text))
    return false;
  line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
  line = line && *line == '\n' ? line + 1 : line;
  end = line ? strchr(line, '\n') : NULL;
  if (!end || end - (line + 3) >= AGENT_PATH_MAX) {
    errno = ENOENT;
    return false;
  }
  *end = '\0';
  strcpy(name, line + 3);
  return true;
}

bool agent_cgroup_of(pid_t pid, char folder[AGENT_PATH_MAX]) {
  char name[AGENT_PATH_MAX], own[AGENT_PATH_MAX];

  if (!read_cgroup(pid, name) || !read_cgroup(0, own))
    return false;
  if (strcmp(name, own) == 0) {
    errno = EXDEV;
    return false;
  }
  if (snprintf(folder, AGENT_PATH_MAX, ROOT "%s", name) >= AGENT_PATH_MAX) {
    errno = ENAMETOOLONG;
    return false;
  }
  return true;
}

uint32_t agent_cgroup_oom_kills(pid_t pid) {
  static const char name[] = "oom_kill ";
  char folder[AGENT_PATH_MAX], path[AGENT_PATH_MAX + 32], text[1024], *line;

  if (!agent_cgroup_of(pid, folder))
    return 0;
  snprintf(path, sizeof path, "%s/memory.events", folder);
  if (!read_file(path, text, sizeof text))
    return 0;
  for (line = text; line; line = strchr(line, '\n')) {
    line += *line == '\n';
    if (strncmp(line, name, sizeof name - 1) == 0)
      return (uint32_t)strtoul(line + sizeof name - 1, NULL, 10);
  }
  return 0;
}

bool agent_cgroup_write(const char *folder, const char *name, const void *value, size_t length) {
  char path[AGENT_PATH_MAX + 32];
  bool ok;
  int fd, saved;

  snprintf(path, sizeof path, "%s/%s", folder, name);
  fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return false;
  ok = write(fd, value, length) == (ssize_t)length;
  saved = errno;
  close(fd);
  errno = saved;
  return ok;
}

bool agent_cgroup_freeze(const char *folder, bool stop) {
  return agent_cgroup_write(folder, "cgroup.freeze", stop ? "1" : "0", 1);
}

bool agent_cgroup_is_frozen(const char *folder) {
  char path[AGENT_PATH_MAX + sizeof "/cgroup.events"], text[256];

  snprintf(path, sizeof path, "%s/cgroup.events", folder);
  return read_file(path, text, sizeof text) && strstr(text, "frozen 1") != NULL;
}
