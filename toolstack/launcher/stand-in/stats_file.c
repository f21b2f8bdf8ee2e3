// SPDX-License-Identifier: Apache-2.0
/* Answers the readers of one stats file, each with a consistent text. */
#include "stand-in/stats_file.h"

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

void stats_file_set(struct stats_file *file, const void *bytes, uint32_t length) {
  copy(&file->latest, bytes, length);
}

static void answer(const struct stats_file *file, const struct reader *reader, const struct fuse_read *read) {
  const struct text *text = &reader->text;
  uint64_t from = read->offset < text->length ? read->offset : text->length, left = text->length - from;

  fuse_answer(file->fd, read->unique, text->bytes + from, left < read->size ? left : read->size);
}

/* Answers with the latest text, or with `error` if there is none. */
static void serve_one(const struct stats_file *file, struct reader *reader, int error) {
  const struct text *latest = &file->latest;

  reader->waits = false;
  if (latest->length == 0)
    fuse_fail(file->fd, reader->read.unique, error);
  else if (copy(&reader->text, latest->bytes, latest->length) != 0)
    fuse_fail(file->fd, reader->read.unique, ENOMEM);
  else
    answer(file, reader, &reader->read);
}

void stats_file_serve(struct stats_file *file) {
  for (uint32_t i = 0; i < file->readers_size; i++) {
    if (file->readers[i].waits)
      serve_one(file, &file->readers[i], EIO);
  }
}

/* Returns an unused reader, or NULL with too many readers or without memory. */
static struct reader *free_reader(struct stats_file *file) {
  uint32_t size = file->readers_size, more = size == 0 ? READERS_FIRST : 2 * size;
  struct reader *readers;

  for (uint32_t i = 0; i < size; i++) {
    if (!file->readers[i].used)
      return &file->readers[i];
  }
  readers = more <= STATS_READERS_MAX ? realloc(file->readers, more * sizeof *readers) : NULL;
  if (readers == NULL)
    return NULL;
  memset(readers + size, 0, (more - size) * sizeof *readers);
  file->readers = readers;
  file->readers_size = more;
  return &readers[size];
}

static uint64_t opened(void *ctx) {
  struct stats_file *file = ctx;
  struct reader *reader = free_reader(file);

  if (reader == NULL)
    return 0;
  *reader = (struct reader){.used = true};
  return (uint64_t)(reader - file->readers) + 1;
}

static struct reader *find(struct stats_file *file, uint64_t handle) {
  struct reader *reader = handle >= 1 && handle <= file->readers_size ? &file->readers[handle - 1] : NULL;

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
  struct stats_file *file = ctx;

  for (uint32_t i = 0; i < file->readers_size; i++) {
    if (file->readers[i].waits && file->readers[i].read.unique == unique)
      serve_one(file, &file->readers[i], EINTR);
  }
}

/* Returns true if the reader waits now. */
static bool begin(struct stats_file *file, const struct fuse_read *read) {
  struct reader *reader = find(file, read->handle);

  if (reader == NULL || reader->waits) {
    fuse_fail(file->fd, read->unique, reader == NULL ? EBADF : EBUSY);
    return false;
  }
  if (read->offset > 0 && reader->text.bytes != NULL) {
    answer(file, reader, read);
    return false;
  }
  reader->waits = true;
  reader->read = *read;
  return true;
}

bool stats_file_turn(struct stats_file *file) {
  struct fuse_owner owner = {file, opened, released, interrupted};
  struct fuse_read read;
  int rc = fuse_next(file->fd, &owner, &read);

  if (rc < 0) {
    close(file->fd);
    file->fd = -1;
  }
  return rc > 0 && begin(file, &read);
}
