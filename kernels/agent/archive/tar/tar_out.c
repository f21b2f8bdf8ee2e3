// SPDX-License-Identifier: Apache-2.0
/* Writes a tar archive. */
#define _GNU_SOURCE
#include "archive/tar/tar.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OCTAL7_MAX 07777777u
#define OCTAL11_MAX 077777777777ull

struct header {
  char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type, link[100], magic[6], version[2], user[32],
      group[32], major[8], minor[8], prefix[155], rest[12];
};

bool tar_out_flush(struct tar_out *out) {
  size_t done = 0;

  while (done < out->used) {
    ssize_t put = write(out->fd, out->buffer + done, out->used - done);

    if (put < 0 && errno == EINTR)
      continue;
    if (put < 0)
      return false;
    done += (size_t)put;
  }
  out->used = 0;
  return true;
}

bool tar_out_bytes(struct tar_out *out, const void *bytes, size_t length) {
  const uint8_t *from = bytes;

  while (length > 0) {
    size_t part = sizeof out->buffer - out->used;

    if (part > length)
      part = length;
    memcpy(out->buffer + out->used, from, part);
    out->used += part;
    from += part;
    length -= part;
    if (out->used == sizeof out->buffer && !tar_out_flush(out))
      return false;
  }
  return true;
}

static bool zeros(struct tar_out *out, size_t length) {
  static const uint8_t none[TAR_BLOCK];

  for (; length > TAR_BLOCK; length -= TAR_BLOCK)
    if (!tar_out_bytes(out, none, TAR_BLOCK))
      return false;
  return tar_out_bytes(out, none, length);
}

bool tar_out_pad(struct tar_out *out, uint64_t size) {
  return zeros(out, (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
}

bool tar_out_finish(struct tar_out *out) {
  return zeros(out, 2 * TAR_BLOCK) && tar_out_flush(out);
}

static bool add_text(uint8_t **records, size_t *length, const char *key, const char *value) {
  return tar_record_add(records, length, key, value, strlen(value));
}

static bool add_number(uint8_t **records, size_t *length, const char *key, long long value) {
  char text[24];

  snprintf(text, sizeof text, "%lld", value);
  return add_text(records, length, key, text);
}

static void octal(char *field, size_t size, uint64_t value) {
  char text[24];

  snprintf(text, sizeof text, "%0*llo", (int)size - 1, (unsigned long long)value);
  memcpy(field, text, size - 1);
}

static bool put_header(struct tar_out *out, struct header *header) {
  unsigned sum = 0;

  memcpy(header->magic, "ustar", 6);
  memcpy(header->version, "00", 2);
  memset(header->sum, ' ', sizeof header->sum);
  for (size_t i = 0; i < sizeof *header; i++)
    sum += ((const uint8_t *)header)[i];
  octal(header->sum, 7, sum);
  header->sum[6] = '\0';
  return tar_out_bytes(out, header, sizeof *header);
}

/* Makes pax records for the extended attributes and for values that do not fit into ustar. */
static bool extended(const struct tar_entry *entry, uint8_t **records, size_t *length) {
  if (strlen(entry->path) > sizeof((struct header *)0)->name && !add_text(records, length, "path", entry->path))
    return false;
  if (strlen(entry->link) > sizeof((struct header *)0)->link && !add_text(records, length, "linkpath", entry->link))
    return false;
  if (entry->size > OCTAL11_MAX && !add_number(records, length, "size", (long long)entry->size))
    return false;
  if (entry->uid > OCTAL7_MAX && !add_number(records, length, "uid", entry->uid))
    return false;
  if (entry->gid > OCTAL7_MAX && !add_number(records, length, "gid", entry->gid))
    return false;
  if ((entry->mtime < 0 || (uint64_t)entry->mtime > OCTAL11_MAX) && !add_number(records, length, "mtime", entry->mtime))
    return false;
  if (entry->xattrs_length > 0) {
    uint8_t *grown = realloc(*records, *length + entry->xattrs_length);

    if (!grown)
      return false;
    *records = grown;
    memcpy(grown + *length, entry->xattrs, entry->xattrs_length);
    *length += entry->xattrs_length;
  }
  return true;
}

bool tar_out_entry(struct tar_out *out, const struct tar_entry *entry) {
  struct header header = {.type = (char)entry->type};
  uint8_t *records = NULL;
  size_t length = 0;
  bool ok = extended(entry, &records, &length);

  _Static_assert(sizeof header == TAR_BLOCK, "a header is a block");
  if (ok && length > 0) {
    struct header pax = {.type = 'x'};

    memcpy(pax.name, "PaxHeaders/", 11);
    memcpy(pax.name + 11, entry->path, strnlen(entry->path, 80));
    octal(pax.mode, sizeof pax.mode, 0644);
    octal(pax.uid, sizeof pax.uid, 0);
    octal(pax.gid, sizeof pax.gid, 0);
    octal(pax.size, sizeof pax.size, length);
    octal(pax.mtime, sizeof pax.mtime, 0);
    ok = put_header(out, &pax) && tar_out_bytes(out, records, length) && tar_out_pad(out, length);
  }
  free(records);
  memcpy(header.name, entry->path, strnlen(entry->path, sizeof header.name));
  memcpy(header.link, entry->link, strnlen(entry->link, sizeof header.link));
  octal(header.mode, sizeof header.mode, entry->mode & 07777);
  octal(header.uid, sizeof header.uid, entry->uid > OCTAL7_MAX ? 0 : entry->uid);
  octal(header.gid, sizeof header.gid, entry->gid > OCTAL7_MAX ? 0 : entry->gid);
  octal(header.size, sizeof header.size, entry->size > OCTAL11_MAX ? 0 : entry->size);
  octal(header.mtime, sizeof header.mtime,
        entry->mtime < 0 || (uint64_t)entry->mtime > OCTAL11_MAX ? 0 : (uint64_t)entry->mtime);
  octal(header.major, sizeof header.major, entry->major & OCTAL7_MAX);
  octal(header.minor, sizeof header.minor, entry->minor & OCTAL7_MAX);
  return ok && put_header(out, &header);
}
