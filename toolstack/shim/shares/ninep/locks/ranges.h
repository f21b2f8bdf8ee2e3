// SPDX-License-Identifier: Apache-2.0
/* Which bytes of one file are locked by whom among a guest's processes. */
#ifndef THAW_NINEP_RANGES_H
#define THAW_NINEP_RANGES_H

#include <stdbool.h>
#include <stdint.h>

#define RANGE_END INT64_MAX /* the last byte that a lock can have */

/* Two processes may lock through one fid, which both inherited; one may lock through two. */
struct lock_owner {
  const void *fid;
  uint32_t process;
};

struct lock_range {
  struct lock_owner owner;
  int64_t start, end; /* both included */
  bool is_exclusive;
};

/* Ranges of two owners have a byte in common only where both are shared; those of one owner never have. */
struct ranges {
  struct lock_range *list;
  uint32_t count, room;
};

/*
 * How many ranges more there may be after `range` is set, or else cleared; makes room for them. UINT32_MAX: no memory,
 * which cannot be where it is 0. ranges_set or ranges_clear must follow at once, and cannot fail then.
 */
uint32_t ranges_prepare(struct ranges *ranges, const struct lock_range *range, bool is_set);

/*
 * The owner has the range now. What others hold there and could not hold beside it they have given up: the guest's
 * kernel, which knows, has granted it; their own unlock may be on its way, or never come.
 */
void ranges_set(struct ranges *ranges, const struct lock_range *range);

/* The owner has it no more. */
void ranges_clear(struct ranges *ranges, const struct lock_range *range);

/* The first part of start..end that nobody holds: false when there is none. */
bool ranges_gap(const struct ranges *ranges, int64_t start, int64_t end, int64_t *start_out, int64_t *end_out);

#endif
