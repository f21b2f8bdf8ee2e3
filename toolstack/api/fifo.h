// SPDX-License-Identifier: Apache-2.0
/*
 * A byte queue with an upper bound that owns memory only while it holds bytes: a ring that starts empty,
 * doubles up to its bound, and gives everything back on fifo_release. Bounds are THAW_WINDOW or less where
 * a peer decides how much comes.
 */
#ifndef THAW_FIFO_H
#define THAW_FIFO_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIFO_FIRST 4096u

struct fifo {
  uint8_t *ring;
  uint32_t size; /* power of two, or 0 */
  uint32_t read; /* where the oldest byte lies */
  uint32_t length;
};

/* The oldest bytes that lie side by side: *n of them; 0 when the queue is empty. */
static inline const uint8_t *fifo_peek(const struct fifo *fifo, uint32_t *n) {
  uint32_t side = fifo->size - fifo->read;

  *n = fifo->length < side ? fifo->length : side;
  return fifo->ring + fifo->read;
}

static inline void fifo_drop(struct fifo *fifo, uint32_t n) {
  fifo->read = (fifo->read + n) & (fifo->size - 1);
  fifo->length -= n;
  if (fifo->length == 0)
    fifo->read = 0;
}

static inline void fifo_release(struct fifo *fifo) {
  free(fifo->ring);
  memset(fifo, 0, sizeof *fifo);
}

/* Makes room for n bytes more; -1 when that is above bound or memory ran out. */
static inline int fifo_grow(struct fifo *fifo, uint32_t n, uint32_t bound) {
  uint32_t size = fifo->size > 0 ? fifo->size : FIFO_FIRST;
  uint32_t side;
  uint8_t *ring;

  if (n > bound || fifo->length > bound - n)
    return -1;
  while (size < fifo->length + n)
    size *= 2;
  if (size == fifo->size)
    return 0;
  ring = malloc(size);
  if (ring == NULL)
    return -1;
  if (fifo->length > 0) {
    const uint8_t *oldest = fifo_peek(fifo, &side);

    memcpy(ring, oldest, side);
    memcpy(ring + side, fifo->ring, fifo->length - side);
  }
  free(fifo->ring);
  fifo->ring = ring;
  fifo->size = size;
  fifo->read = 0;
  return 0;
}

/* Appends n bytes; -1 when more than bound would then be queued or memory ran out: nothing is appended. */
static inline int fifo_push(struct fifo *fifo, const void *bytes, uint32_t n, uint32_t bound) {
  uint32_t write, side;

  if (n == 0)
    return 0;
  if (fifo_grow(fifo, n, bound) != 0)
    return -1;
  write = (fifo->read + fifo->length) & (fifo->size - 1);
  side = fifo->size - write < n ? fifo->size - write : n;
  memcpy(fifo->ring + write, bytes, side);
  memcpy(fifo->ring, (const uint8_t *)bytes + side, n - side);
  fifo->length += n;
  return 0;
}

#endif
