// SPDX-License-Identifier: Apache-2.0
/* Sends files to the guest as layers. Reads a file one frame at a time, when the channel takes a frame. */
#include "relay/guest/layer.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct layer {
  struct layer *next;
  uint32_t number;
  int fd;
  uint64_t left;  /* bytes still to read */
  bool announced; /* the size was sent */
};

static void drop_first(struct relay *relay) {
  struct layer *layer = relay->layers;

  relay->layers = layer->next;
  close(layer->fd);
  free(layer);
  if (relay->layers == NULL)
    fifo_release(&relay->layer_bytes);
}

void layer_free_all(struct relay *relay) {
  while (relay->layers != NULL)
    drop_first(relay);
}

void layer_add(struct relay *relay, uint32_t number, int fd, uint64_t size) {
  struct layer *layer, **end = &relay->layers;

  if (relay->state == RELAY_LOST) {
    close(fd);
    return;
  }
  layer = calloc(1, sizeof *layer);
  if (layer == NULL) {
    relay_lost(relay, "no memory for a layer");
    close(fd);
    return;
  }
  *layer = (struct layer){.number = number, .fd = fd, .left = size};
  while (*end != NULL)
    end = &(*end)->next;
  *end = layer;
}

/* Fills the queue with the next bytes of a file. Returns false if the sandbox is lost. */
static bool read_some(struct relay *relay, struct layer *layer) {
  uint32_t want = layer->left < THAW_DATA_MAX ? (uint32_t)layer->left : THAW_DATA_MAX;
  struct fifo *bytes = &relay->layer_bytes;
  ssize_t n;

  if (fifo_grow(bytes, want, THAW_DATA_MAX) != 0) {
    relay_lost(relay, "no memory for a layer");
    return false;
  }
  do
    n = read(layer->fd, bytes->ring, want); /* an empty queue starts at the beginning of its ring */
  while (n < 0 && errno == EINTR);
  if (n <= 0) {
    relay_lost(relay, "cannot read layer %u: %s", layer->number, n < 0 ? strerror(errno) : "it became shorter");
    return false;
  }
  bytes->length = (uint32_t)n;
  layer->left -= (uint32_t)n;
  return true;
}

bool layer_begin(struct relay *relay) {
  struct layer *layer = relay->layers;

  if (layer != NULL && layer->left == 0) {
    drop_first(relay);
    layer = relay->layers;
  }
  if (layer == NULL)
    return false;
  relay->busy = true;
  if (!layer->announced) {
    layer->announced = true;
    sender_small(&relay->guest_sender, THAW_LAYER, layer->number, THAW_LAYER_SIZE, &layer->left, sizeof layer->left);
    return true;
  }
  if (!read_some(relay, layer))
    return false;
  sender_stream(&relay->guest_sender, THAW_LAYER, layer->number, THAW_LAYER_BYTES, &relay->layer_bytes,
                relay->layer_bytes.length);
  return true;
}
