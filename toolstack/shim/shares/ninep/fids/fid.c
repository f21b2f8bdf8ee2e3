// SPDX-License-Identifier: Apache-2.0
/* Maps a guest's fid numbers to files, in a hash table that grows and shrinks with its contents. */
#include "shares/ninep/fids/fid.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#define BITS_MIN 4u

static uint32_t slot(const struct fid_table *table, uint32_t number) {
  uint64_t mixed = (number ^ table->key) * UINT64_C(0x9e3779b97f4a7c15);

  mixed = (mixed ^ mixed >> 32 ^ table->key >> 32) * UINT64_C(0xd6e8feb86659fd93);
  return (uint32_t)(mixed >> (64 - table->bits));
}

/* Without memory the table keeps its size: it works at every size. */
static void resize(struct fid_table *table, uint32_t bits) {
  struct fid_table wider = *table;

  wider.bits = bits;
  wider.buckets = calloc((size_t)1 << bits, sizeof(struct fid *));
  if (wider.buckets == NULL)
    return;
  for (uint32_t i = 0; table->buckets != NULL && i < 1u << table->bits; i++)
    for (struct fid *fid = table->buckets[i], *next; fid != NULL; fid = next) {
      struct fid **bucket = &wider.buckets[slot(&wider, fid->number)];

      next = fid->next;
      fid->next = *bucket;
      *bucket = fid;
    }
  free(table->buckets);
  *table = wider;
}

struct fid *fid_find(const struct fid_table *table, uint32_t number) {
  if (table->buckets == NULL)
    return NULL;
  for (struct fid *fid = table->buckets[slot(table, number)]; fid != NULL; fid = fid->next)
    if (fid->number == number)
      return fid;
  return NULL;
}

struct fid *fid_next(const struct fid_table *table, const struct fid *after) {
  uint32_t i = 0;

  if (after != NULL && after->next != NULL)
    return after->next;
  if (after != NULL)
    i = slot(table, after->number) + 1;
  for (; table->buckets != NULL && i < 1u << table->bits; i++)
    if (table->buckets[i] != NULL)
      return table->buckets[i];
  return NULL;
}

struct fid *fid_file(const struct fid_table *table, uint32_t number) {
  struct fid *fid = fid_find(table, number);

  return fid == NULL || fid->xattr != NULL ? NULL : fid;
}

int fid_new(struct fid_table *table, uint32_t number, uint32_t uid, int path, struct fid **fid_out) {
  struct fid *fid = NULL;
  bool has_taken = false;
  int error = 0;

  if (number == NINEP_NO_FID || fid_find(table, number) != NULL) {
    error = EBADF;
    goto out;
  }
  if (table->count == NINEP_FIDS_MAX) {
    error = ENFILE;
    goto out;
  }
  if (path >= 0) {
    error = budget_take(table->budget);
    if (error != 0)
      goto out;
    has_taken = true;
  }
  if (table->buckets == NULL) {
    if (getrandom(&table->key, sizeof table->key, GRND_NONBLOCK) < 0)
      table->key = (uintptr_t)table;
    resize(table, BITS_MIN);
  } else if (table->count >= 1u << table->bits) {
    resize(table, table->bits + 1);
  }
  fid = calloc(1, sizeof *fid);
  if (table->buckets == NULL || fid == NULL) {
    error = ENOMEM;
    goto out;
  }
  struct fid **bucket = &table->buckets[slot(table, number)];

  *fid = (struct fid){.next = *bucket, .number = number, .uid = uid, .path = path, .io = -1};
  *bucket = fid;
  table->count++;
  *fid_out = fid;
  return 0;
out:
  free(fid);
  if (path >= 0)
    close(path);
  if (has_taken)
    budget_give(table->budget);
  return error;
}

void fid_remove(struct fid_table *table, struct fid *fid) {
  struct fid **link = &table->buckets[slot(table, fid->number)];

  while (*link != fid)
    link = &(*link)->next;
  *link = fid->next;
  table->count--;
  if (fid->io >= 0) {
    close(fid->io);
    budget_give(table->budget);
  }
  if (fid->path >= 0) {
    close(fid->path);
    budget_give(table->budget);
  }
  free(fid);
  if (table->count == 0) {
    free(table->buckets);
    table->buckets = NULL;
    table->bits = 0;
  } else if (table->bits > BITS_MIN && table->count < 1u << (table->bits - 2)) {
    resize(table, table->bits - 1);
  }
}
