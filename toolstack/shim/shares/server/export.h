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
 * Gives this process mounts of its own, in which dom0's devices can be used but their nodes not be changed. Devices are
 * opened after it: a descriptor keeps the mount by which it was opened. Returns -1 with the error message in text.
 */
int export_own_mounts(const struct export *exports, size_t count, char *text, size_t size);

/*
 * Confines this process to that tree, which becomes its root; needs export_own_mounts() before. Includes mounts below
 * the paths. Returns -1 with the error message in text.
 */
int export_enter(const struct export *exports, size_t count, char *text, size_t size);

#endif
