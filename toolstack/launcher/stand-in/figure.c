// SPDX-License-Identifier: Apache-2.0
/* Answers the readers of one stats file, each with a consistent text. */
#include "stand-in/figure.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READERS_FIRST 8u

/* Returns 0, or -1 without memory. */
static int copy(struct text *to, const void *bytes, uint32_t length) {
  char *own = malloc(length > 0 ? length : 1);

  if (own == NULL)
    return -1;
  if (length > 0)
    memcpy(own, bytes, length);
  free(to->bytes);
  *to = (struct text){own, length};
  return 0;
}

void figure_set(struct figure *figure, const void *bytes, uint32_t length) {
  copy(&figure->latest, bytes, length);
}

static void answer(const struct figure *figure, const struct reader *reader, const struct fuse_read *read) {
  const struct text *text = &reader->text;
  uint64_t from = read->offset < text->length ? read->offset : text->length, left = text->length - from;

  fuse_answer(figure->fd, read->unique, text->bytes + from, left < read->size ? left : read->size);
}

/* Answers with the latest text, or with `error` if there is none. */
static void serve_one(const struct figure *figure, struct reader *reader, int error) {
  const struct text *latest = &figure->latest;

  reader->waits = false;
  if (latest->length == 0)
    fuse_fail(figure->fd, reader->read.unique, error);
  else if (copy(&reader->text, latest->bytes, latest->length) != 0)
    fuse_fail(figure->fd, reader->read.unique, ENOMEM);
  else
    answer(figure, reader, &reader->read);
}

void figure_serve(struct figure *figure) {
  for (uint32_t i = 0; i < figure->readers_size; i++) {
    if (figure->readers[i].waits)
      serve_one(figure, &figure->readers[i], EIO);
  }
}

/* Returns an unused reader, or NULL with too many readers or without memory. */
static struct reader *free_reader(struct figure *figure) {
  uint32_t size = figure->readers_size, more = size == 0 ? READERS_FIRST : 2 * size;
  struct reader *readers;

  for (uint32_t i = 0; i < size; i++) {
    if (!figure->readers[i].used)
      return &figure->readers[i];
  }
  readers = more <= FIGURE_READERS_MAX ? realloc(figure->readers, more * sizeof *readers) : NULL;
  if (readers == NULL)
    return NULL;
  memset(readers + size, 0, (more - size) * sizeof *readers);
  figure->readers = readers;
  figure->readers_size = more;
  return &readers[size];
}

static uint64_t opened(void *ctx) {
  struct figure *figure = ctx;
  struct reader *reader = free_reader(figure);

  if (reader == NULL)
    return 0;
  *reader = (struct reader){.used = true};
  return (uint64_t)(reader - figure->readers) + 1;
}

static struct reader *find(struct figure *figure, uint64_t handle) {
  struct reader *reader = handle >= 1 && handle <= figure->readers_size ? &figure->readers[handle - 1] : NULL;

  return reader != NULL && reader->used ? reader : NULL;
}

static void released(void *ctx, uint64_t handle) {
  struct reader *reader = find(ctx, handle);

  if (reader == NULL)
    return;
  free(reader->text.bytes);
  *reader = (struct reader){0};
}

static void interrupted(void *ctx, uint64_t unique) {
  struct figure *figure = ctx;

  for (uint32_t i = 0; i < figure->readers_size; i++) {
    if (figure->readers[i].waits && figure->readers[i].read.unique == unique)
      serve_one(figure, &figure->readers[i], EINTR);
  }
}

/* Returns true if the reader waits now. */
static bool begin(struct figure *figure, const struct fuse_read *read) {
  struct reader *reader = find(figure, read->handle);

  if (reader == NULL || reader->waits) {
    fuse_fail(figure->fd, read->unique, reader == NULL ? EBADF : EBUSY);
    return false;
  }
  if (read->offset > 0 && reader->text.bytes != NULL) {
    answer(figure, reader, read);
    return false;
  }
  reader->waits = true;
  reader->read = *read;
  return true;
}

bool figure_turn(struct figure *figure) {
  struct fuse_owner owner = {figure, opened, released, interrupted};
  struct fuse_read read;
  int rc = fuse_next(figure->fd, &owner, &read);

  if (rc < 0) {
    close(figure->fd);
    figure->fd = -1;
  }
  return rc > 0 && begin(figure, &read);
}
