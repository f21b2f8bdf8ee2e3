// SPDX-License-Identifier: Apache-2.0
/* Records the byte ranges of one file that a guest's processes have locked (ranges.h). */
#include "shares/ninep/locks/ranges.h"

#include <stddef.h>
#include <stdlib.h>

static bool is_same(const struct lock_owner *a, const struct lock_owner *b) {
  return a->fid == b->fid && a->process == b->process;
}

static bool overlap(const struct lock_range *a, const struct lock_range *b) {
  return a->start <= b->end && b->start <= a->end;
}

/* True if setting `cut` (is_set), or clearing it, takes its bytes from `range`. */
static bool is_cut(const struct lock_range *range, const struct lock_range *cut, bool is_set) {
  return (is_same(&range->owner, &cut->owner) || (is_set && (cut->is_exclusive || range->is_exclusive))) &&
         overlap(range, cut);
}

uint32_t ranges_prepare(struct ranges *ranges, const struct lock_range *range, bool is_set) {
  uint32_t more = is_set;

  for (uint32_t i = 0; i < ranges->count; i++) {
    const struct lock_range *other = &ranges->list[i];

    /* a range that encloses the cut leaves two */
    more += is_cut(other, range, is_set) && other->start < range->start && other->end > range->end;
  }
  if (ranges->room - ranges->count < more) {
    uint32_t room = ranges->count + more + ranges->count / 2;
    struct lock_range *list = reallocarray(ranges->list, room, sizeof *list);

    if (list == NULL)
      return UINT32_MAX;
    ranges->list = list;
    ranges->room = room;
  }
  return more;
}

/* Takes the bytes of `cut` from the range at `i`. Returns true if no byte is left and another range has index `i`. */
static bool cut_one(struct ranges *ranges, uint32_t i, const struct lock_range *cut) {
  struct lock_range *range = &ranges->list[i];
  bool has_head = range->start<cut->start, has_tail = range->end> cut->end;

  if (has_head && has_tail) {
    struct lock_range tail = *range;

    tail.start = cut->end + 1;
    ranges->list[ranges->count++] = tail;
  }
  if (has_head)
    range->end = cut->start - 1;
  else if (has_tail)
    range->start = cut->end + 1;
  else
    *range = ranges->list[--ranges->count];
  return !has_head && !has_tail;
}

static void cut_all(struct ranges *ranges, const struct lock_range *cut, bool is_set) {
  for (uint32_t i = 0; i < ranges->count;)
    if (!is_cut(&ranges->list[i], cut, is_set) || !cut_one(ranges, i, cut))
      i++;
}

void ranges_set(struct ranges *ranges, const struct lock_range *range) {
  cut_all(ranges, range, true);
  ranges->list[ranges->count++] = *range;
}

void ranges_clear(struct ranges *ranges, const struct lock_range *range) {
  cut_all(ranges, range, false);
}

bool ranges_gap(const struct ranges *ranges, int64_t start, int64_t end, int64_t *start_out, int64_t *end_out) {
  bool has_moved = true;

  while (has_moved) {
    has_moved = false;
    for (uint32_t i = 0; i < ranges->count; i++) {
      const struct lock_range *range = &ranges->list[i];

      if (range->start > start || range->end < start)
        continue;
      if (range->end >= end)
        return false;
      start = range->end + 1;
      has_moved = true;
    }
  }
  for (uint32_t i = 0; i < ranges->count; i++)
    if (ranges->list[i].start > start && ranges->list[i].start <= end)
      end = ranges->list[i].start - 1;
  *start_out = start;
  *end_out = end;
  return true;
}
