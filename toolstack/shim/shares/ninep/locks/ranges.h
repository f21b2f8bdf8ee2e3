// SPDX-License-Identifier: Apache-2.0
/* Records the byte ranges of one file that a guest's processes have locked. */
#ifndef THAW_NINEP_RANGES_H
#define THAW_NINEP_RANGES_H

#include <stdbool.h>
#include <stdint.h>

#define RANGE_END INT64_MAX /* the last byte that a lock can cover */

/* Two processes may lock through one inherited fid; one process may lock through two fids. */
struct lock_owner {
  const void *fid;
  uint32_t process;
};

struct lock_range {
  struct lock_owner owner;
  int64_t start, end; /* both inclusive */
  bool is_exclusive;
};

/* Ranges of two owners overlap only if both are shared; ranges of one owner never overlap. */
struct ranges {
  struct lock_range *list;
  uint32_t count, room;
};

/*
 * Makes room for the ranges that setting or else clearing `range` may add, and returns their number. UINT32_MAX: no
 * memory, impossible if the number is 0. ranges_set or ranges_clear must follow at once, and then cannot fail.
 */
uint32_t ranges_prepare(struct ranges *ranges, const struct lock_range *range, bool is_set);

/*
 * Gives the range to the owner, and removes conflicting ranges of other owners: the guest's kernel has granted the
 * range, so the others have released theirs. Their own unlock may be on its way, or never come.
 */
void ranges_set(struct ranges *ranges, const struct lock_range *range);

/* Takes the range from its owner. */
void ranges_clear(struct ranges *ranges, const struct lock_range *range);

/* Finds the first part of start..end without a lock. Returns false if there is none. */
bool ranges_gap(const struct ranges *ranges, int64_t start, int64_t end, int64_t *start_out, int64_t *end_out);

#endif
