// SPDX-License-Identifier: Apache-2.0
/* Sets a guest's locks at the host: one open file description for each file, shared by all processes of the guest. */
#ifndef THAW_NINEP_LOCK_FILE_H
#define THAW_NINEP_LOCK_FILE_H

#include "shares/ninep/locks/ranges.h"
#include "shares/ninep/state.h"

struct lock_file {
  struct lock_file *next;
  dev_t dev;
  ino_t ino;
  int fd;
  bool is_stale; /* the host has failed to unlock bytes that no owner holds */
  struct ranges ranges;
};

/* Returns NULL if the guest has no lock on this file. */
struct lock_file *lock_file_find(struct ninep *server, const struct stat *info);

int lock_file_add(struct ninep *server, const struct fid *fid, const struct stat *info, struct lock_file **file_out);

/* Closes the description, which releases its remaining locks. */
void lock_file_drop(struct ninep *server, struct lock_file *file);

/* Sets the lock and records it in the ranges. EAGAIN: another guest or the host holds a conflicting lock. */
int lock_file_set(struct ninep *server, struct lock_file *file, const struct lock_range *range);

/* Removes the range from the ranges, and unlocks at the host the bytes that no other owner holds. Cannot fail for one
 * whole range of an owner, unless the host does. */
int lock_file_clear(struct ninep *server, struct lock_file *file, const struct lock_range *range);

/* Unlocks at the host whatever it has failed to unlock before. */
void lock_file_retry(struct ninep *server);

#endif
