// SPDX-License-Identifier: Apache-2.0
/*
 * How one frame after the other goes out over something that takes as many bytes as it likes: small frames
 * from a small buffer, STREAM payloads straight from their queue. A new frame may only be begun when
 * sender_idle says so; what should be sent next is read from state then, so that no queue of frames grows.
 */
#ifndef THAW_SENDER_H
#define THAW_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "fifo.h"
#include "frame.h"

struct sender {
  uint8_t small[sizeof(struct thaw_frame) + 16];
  uint32_t small_length, small_sent;
  struct fifo *body; /* where the rest of the payload comes from */
  uint32_t body_left;
};

/* Writes at most n bytes, says how many; 0 when none can be taken now, -1 when none ever can. */
typedef ssize_t (*sender_write)(void *ctx, const void *bytes, size_t n);

static inline bool sender_idle(const struct sender *sender) {
  return sender->small_sent == sender->small_length && sender->body_left == 0;
}

/* Begins a frame with a payload of at most 16 bytes. The sender must be idle. */
static inline void sender_small(struct sender *sender, uint32_t type, uint32_t id, uint32_t arg, const void *payload,
                                uint32_t length) {
  struct thaw_frame frame = {.length = length, .type = type, .id = id, .arg = arg};

  memcpy(sender->small, &frame, sizeof frame);
  if (length > 0)
    memcpy(sender->small + sizeof frame, payload, length);
  sender->small_length = (uint32_t)sizeof frame + length;
  sender->small_sent = 0;
}

/* Begins a frame whose payload is the oldest n bytes of a queue, at most THAW_DATA_MAX. The sender must be idle. */
static inline void sender_stream(struct sender *sender, uint32_t type, uint32_t id, uint32_t arg, struct fifo *body,
                                 uint32_t n) {
  sender_small(sender, type, id, arg, NULL, 0);
  ((struct thaw_frame *)(void *)sender->small)->length = n;
  sender->body = body;
  sender->body_left = n;
}

/* Writes what is left of the current frame. 1 done, 0 blocked, -1 the other end is gone. */
static inline int sender_flush(struct sender *sender, sender_write write_some, void *ctx) {
  while (sender->small_sent < sender->small_length) {
    ssize_t n = write_some(ctx, sender->small + sender->small_sent, sender->small_length - sender->small_sent);

    if (n <= 0)
      return (int)n;
    sender->small_sent += (uint32_t)n;
  }
  while (sender->body_left > 0) {
    uint32_t side;
    const uint8_t *bytes = fifo_peek(sender->body, &side);
    ssize_t n = write_some(ctx, bytes, side < sender->body_left ? side : sender->body_left);

    if (n <= 0)
      return (int)n;
    fifo_drop(sender->body, (uint32_t)n);
    sender->body_left -= (uint32_t)n;
  }
  return 1;
}

#endif
