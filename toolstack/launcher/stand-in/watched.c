// SPDX-License-Identifier: Apache-2.0
/*
 * Detects whether any process watches a file by inotify. The kernel lists each descriptor's watches in
 * /proc/PID/fdinfo (proc(5)). Processes come and go during the scan: an unreadable entry counts as no watch.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "stand-in/watched.h"

#define KERNEL_MINOR_BITS 20 /* in the s_dev of fdinfo: linux/kdev_t.h */

bool watched_name(struct watched *file, int folder, const char *name) {
  struct stat status;

  if (fstatat(folder, name, &status, 0) != 0)
    return false;
  file->inode = status.st_ino;
  file->device = (uint64_t)major(status.st_dev) << KERNEL_MINOR_BITS | minor(status.st_dev);
  return true;
}

static bool has_watch(const struct watched *file, int infos, const char *name) {
  int fd = openat(infos, name, O_RDONLY | O_CLOEXEC);
  FILE *stream = fd < 0 ? NULL : fdopen(fd, "r");
  unsigned long long inode, device;
  bool found = false;
  char *line = NULL;
  size_t size = 0;

  if (stream == NULL)
    goto out;
  while (!found && getline(&line, &size, stream) > 0)
    found = sscanf(line, "inotify wd:%*x ino:%llx sdev:%llx", &inode, &device) == 2 && inode == file->inode &&
            device == file->device;
out:
  free(line);
  if (stream != NULL)
    fclose(stream);
  else if (fd >= 0)
    close(fd);
  return found;
}

/* Returns true if `has` returns true for one of the folder's numeric names. */
static bool any_number(int parent, const char *path, bool (*has)(const struct watched *, int, const char *),
                       const struct watched *file) {
  int fd = openat(parent, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *folder = fd < 0 ? NULL : fdopendir(fd);
  struct dirent *entry;
  bool found = false;

  if (folder == NULL)
    goto out;
  while (!found && (entry = readdir(folder)) != NULL)
    found = entry->d_name[0] >= '0' && entry->d_name[0] <= '9' && has(file, dirfd(folder), entry->d_name);
out:
  if (folder != NULL)
    closedir(folder);
  else if (fd >= 0)
    close(fd);
  return found;
}

static bool process_watches(const struct watched *file, int proc, const char *pid) {
  char path[32];

  return snprintf(path, sizeof path, "%s/fdinfo", pid) < (int)sizeof path && any_number(proc, path, has_watch, file);
}

bool watched_by_any(const struct watched *file, int proc) {
  return any_number(proc, ".", process_watches, file);
}
