// SPDX-License-Identifier: Apache-2.0
/*
 * Finds mounts that a guest would share with its copy: writable disks, which two kernels would corrupt, and 9pfs
 * shares, unless dom0 keeps their open files and serves them again. Layers do not count, because they are read-only
 * disks. The writable layer does not count either: it is memory, or a disk that dom0 copies with it.
 */
#define _GNU_SOURCE
#include "freeze/volumes.h"

#include "base/options.h"
#include "base/path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DISK "/dev/xvd"

static bool is_shared(const char *source, const char *type, const char *options, bool saves_fids) {
  return (!saves_fids && strcmp(type, "9p") == 0) ||
         (strncmp(source, DISK, sizeof DISK - 1) == 0 && strncmp(options, "rw", 2) == 0);
}

/* Returns true for the mount of a root filesystem's writable layer, which overlay.c makes. */
static int is_upper(const char *target) {
  char roots[AGENT_PATH_MAX];
  size_t length = strlen(target);
  const char *end = "/upper";

  agent_path(roots, "%s/roots/", agent_options.run);
  return strncmp(target, roots, strlen(roots)) == 0 && length > strlen(end) &&
         strcmp(target + length - strlen(end), end) == 0;
}

int agent_volumes_find(pid_t pid, bool saves_fids, char *where, size_t size) {
  char path[64], *line = NULL;
  size_t line_size = 0;
  int found = 0;
  FILE *file;

  snprintf(path, sizeof path, "/proc/%d/mounts", (int)pid);
  file = fopen(path, "re");
  if (!file)
    return -1;
  /* the kernel writes spaces in names as octal numbers */
  while (!found && getline(&line, &line_size, file) > 0) {
    char *rest = line, *source = strsep(&rest, " "), *target = strsep(&rest, " "), *type = strsep(&rest, " ");

    if (rest && is_shared(source, type, rest, saves_fids) && !is_upper(target)) {
      snprintf(where, size, "%s", target);
      found = 1;
    }
  }
  if (!found && ferror(file))
    found = -1;
  free(line);
  fclose(file);
  return found;
}
