// SPDX-License-Identifier: Apache-2.0
/* Detects whether any process watches a file by inotify. */
#ifndef THAW_LAUNCHER_WATCHED_H
#define THAW_LAUNCHER_WATCHED_H

#include <stdbool.h>
#include <stdint.h>

/* A file's identity in /proc/PID/fdinfo. */
struct watched {
  uint64_t inode, device;
};

bool watched_name(struct watched *file, int folder, const char *name); /* false: no such file */
bool watched_by_any(const struct watched *file, int proc);             /* proc: a descriptor of /proc */

#endif
