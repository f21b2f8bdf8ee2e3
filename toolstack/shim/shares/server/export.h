/* SPDX-License-Identifier: Apache-2.0 */
/* Builds the one tree that a guest sees: folders and files of dom0, named 0, 1, ... */
#ifndef SHIM_SHARES_EXPORT_H
#define SHIM_SHARES_EXPORT_H

#include <stdbool.h>
#include <stddef.h>

struct export {
  const char *path;
  bool read_only;
  bool is_slave; /* dom0's later mounts and unmounts below it also reach the tree */
};

/*
 * Confines this process to that tree: a mount namespace of its own, whose root is the tree. Includes mounts below the
 * paths. Returns -1 with the error message in text.
 */
int export_enter(const struct export *exports, size_t count, char *text, size_t size);

#endif
