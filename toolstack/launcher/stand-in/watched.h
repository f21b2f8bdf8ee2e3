// SPDX-License-Identifier: Apache-2.0
/* Whether any process looks at a file by inotify. */
#ifndef THAW_LAUNCHER_WATCHED_H
#define THAW_LAUNCHER_WATCHED_H

#include <stdbool.h>
#include <stdint.h>

/* A file as /proc/PID/fdinfo names it. */
struct watched {
  uint64_t inode, device;
};

bool watched_name(struct watched *file, int folder, const char *name); /* false: there is no such file */
bool watched_by_any(const struct watched *file, int proc);             /* proc: /proc, opened */

#endif
