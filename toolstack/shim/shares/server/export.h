/* SPDX-License-Identifier: Apache-2.0 */
/* The one tree that a guest sees: folders and files of dom0, called 0, 1, ... */
#ifndef SHIM_FILES_EXPORT_H
#define SHIM_FILES_EXPORT_H

#include <stdbool.h>
#include <stddef.h>

struct export {
  const char *path;
  bool read_only;
  bool is_slave; /* what dom0 mounts below it later comes along, and goes with dom0's */
};

/*
 * Makes that tree the whole world of this process: a mount namespace of its own, its root the tree's. Mounts below the
 * paths come along. -1 with what failed in text.
 */
int export_enter(const struct export *exports, size_t count, char *text, size_t size);

#endif
