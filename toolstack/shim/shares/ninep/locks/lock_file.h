// SPDX-License-Identifier: Apache-2.0
/* What the host knows of a guest's locks: one open file description for each file, whatever process of the guest locks.
 */
#ifndef THAW_NINEP_LOCK_FILE_H
#define THAW_NINEP_LOCK_FILE_H

#include "shares/ninep/locks/ranges.h"
#include "shares/ninep/server.h"

struct lock_file {
  struct lock_file *next;
  dev_t dev;
  ino_t ino;
  int fd;
  struct ranges ranges;
};

/* NULL: the guest has no lock on this file. */
struct lock_file *lock_file_find(struct ninep *server, const struct stat *info);

int lock_file_add(struct ninep *server, const struct fid *fid, const struct stat *info, struct lock_file **file_out);

/* Closes it, and with it goes what it still holds. */
void lock_file_drop(struct ninep *server, struct lock_file *file);

/* Sets, and notes in the ranges. EAGAIN: somebody else holds it. */
int lock_file_set(struct ninep *server, struct lock_file *file, const struct lock_range *range);

/* Notes in the ranges, and gives up at the host what no other owner holds. It cannot fail for one whole range of an
 * owner. */
int lock_file_clear(struct ninep *server, struct lock_file *file, const struct lock_range *range);

#endif
