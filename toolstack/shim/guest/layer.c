// SPDX-License-Identifier: Apache-2.0
/* Sends files to the guest as layers. Reads a file one frame at a time, when the channel takes a frame. */
#include "guest/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct layer {
  struct layer *next;
  uint32_t number;
  int fd;
  uint64_t left;  /* bytes still to read */
  bool announced; /* the size was sent */
};

static void drop_first(struct shim *shim) {
  struct layer *layer = shim->layers;

  shim->layers = layer->next;
  close(layer->fd);
  free(layer);
  if (shim->layers == NULL)
    fifo_release(&shim->layer_bytes);
}

void layer_free_all(struct shim *shim) {
  while (shim->layers != NULL)
    drop_first(shim);
}

void layer_add(struct shim *shim, uint32_t number, const char *path) {
  struct layer *layer, **end = &shim->layers;
  struct stat info;
  int fd;

  if (shim->state == SHIM_LOST)
    return;
  fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0 || fstat(fd, &info) != 0) {
    shim_lost(shim, "cannot read layer %u (%s): %s", number, path, strerror(errno));
    goto out;
  }
  if (!S_ISREG(info.st_mode) || info.st_size == 0) {
    shim_lost(shim, "cannot use layer %u (%s): it is empty, or no file", number, path);
    goto out;
  }
  layer = calloc(1, sizeof *layer);
  if (layer == NULL) {
    shim_lost(shim, "no memory for a layer");
    goto out;
  }
  *layer = (struct layer){.number = number, .fd = fd, .left = (uint64_t)info.st_size};
  while (*end != NULL)
    end = &(*end)->next;
  *end = layer;
  return;
out:
  if (fd >= 0)
    close(fd);
}

/* Fills the queue with the next bytes of a file. Returns false if the sandbox is lost. */
static bool read_some(struct shim *shim, struct layer *layer) {
  uint32_t want = layer->left < THAW_DATA_MAX ? (uint32_t)layer->left : THAW_DATA_MAX;
  struct fifo *bytes = &shim->layer_bytes;
  ssize_t n;

  if (fifo_grow(bytes, want, THAW_DATA_MAX) != 0) {
    shim_lost(shim, "no memory for a layer");
    return false;
  }
  do
    n = read(layer->fd, bytes->ring, want); /* an empty queue starts at the beginning of its ring */
  while (n < 0 && errno == EINTR);
  if (n <= 0) {
    shim_lost(shim, "cannot read layer %u: %s", layer->number, n < 0 ? strerror(errno) : "it became shorter");
    return false;
  }
  bytes->length = (uint32_t)n;
  layer->left -= (uint32_t)n;
  return true;
}

bool layer_begin(struct shim *shim) {
  struct layer *layer = shim->layers;

  if (layer != NULL && layer->left == 0) {
    drop_first(shim);
    layer = shim->layers;
  }
  if (layer == NULL)
    return false;
  shim->busy = true;
  if (!layer->announced) {
    layer->announced = true;
    sender_small(&shim->guest_sender, THAW_LAYER, layer->number, THAW_LAYER_SIZE, &layer->left, sizeof layer->left);
    return true;
  }
  if (!read_some(shim, layer))
    return false;
  sender_stream(&shim->guest_sender, THAW_LAYER, layer->number, THAW_LAYER_BYTES, &shim->layer_bytes,
                shim->layer_bytes.length);
  return true;
}
