// SPDX-License-Identifier: Apache-2.0
/* Parses the extended headers before an entry. Every length in them is checked before it is used. */
#define _GNU_SOURCE
#include "archive/tar/tar_in.h"

#include <stdlib.h>
#include <string.h>

/* Parses a decimal number with an optional sign and drops a fraction. */
static bool decimal(const uint8_t *text, size_t length, int64_t *out) {
  bool is_negative = length > 0 && text[0] == '-';
  size_t i = is_negative;
  int64_t value = 0;

  if (i == length)
    return false;
  for (; i < length && text[i] != '.'; i++) {
    if (text[i] < '0' || text[i] > '9' || value > INT64_MAX / 10 - 10)
      return false;
    value = value * 10 + (text[i] - '0');
  }
  *out = is_negative ? -value : value;
  return true;
}

static bool text_of(char out[TAR_PATH_MAX], const uint8_t *value, size_t length) {
  if (length == 0 || length >= TAR_PATH_MAX || memchr(value, '\0', length))
    return false;
  memcpy(out, value, length);
  out[length] = '\0';
  return true;
}

static bool id_of(uint32_t *out, bool *has, const uint8_t *value, size_t length) {
  int64_t id;

  if (!decimal(value, length, &id) || id < 0 || id > UINT32_MAX)
    return false;
  *out = (uint32_t)id;
  *has = true;
  return true;
}

static bool note(struct tar_extended *extended, const char *name, const uint8_t *value, size_t length) {
  int64_t size;

  if (strcmp(name, "path") == 0)
    return text_of(extended->path, value, length);
  if (strcmp(name, "linkpath") == 0)
    return text_of(extended->link, value, length);
  if (strcmp(name, "uid") == 0)
    return id_of(&extended->uid, &extended->has_uid, value, length);
  if (strcmp(name, "gid") == 0)
    return id_of(&extended->gid, &extended->has_gid, value, length);
  if (strcmp(name, "mtime") == 0)
    return extended->has_mtime = decimal(value, length, &extended->mtime);
  if (strcmp(name, "size") == 0) {
    if (!decimal(value, length, &size) || size < 0)
      return false;
    extended->size = (uint64_t)size;
    return extended->has_size = true;
  }
  if (strncmp(name, TAR_XATTR_PREFIX, sizeof TAR_XATTR_PREFIX - 1) == 0)
    return tar_record_add(&extended->xattrs, &extended->xattrs_length, name, value, length);
  /* a sparse file would be unpacked with wrong content */
  return strncmp(name, "GNU.sparse.", 11) != 0;
}

/* Reads the content of an extended header; the caller frees it. */
static uint8_t *content(struct tar_in *in, uint64_t size) {
  size_t padded = ((size_t)size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
  uint8_t *bytes = malloc(padded + 1);

  if (bytes && tar_in_take(in, bytes, padded) == padded) {
    bytes[size] = '\0';
    return bytes;
  }
  free(bytes);
  return NULL;
}

static bool take_pax(struct tar_in *in, uint64_t size, struct tar_extended *extended) {
  uint8_t *bytes = content(in, size), *next = bytes, *value;
  size_t left = (size_t)size, length;
  bool ok = bytes != NULL;
  char *name;

  while (ok && left > 0)
    ok = tar_record_next(&next, &left, &name, &value, &length) && note(extended, name, value, length);
  free(bytes);
  return ok;
}

static bool take_long(struct tar_in *in, uint64_t size, char out[TAR_PATH_MAX]) {
  uint8_t *bytes = content(in, size);
  bool ok = bytes && text_of(out, bytes, strnlen((char *)bytes, (size_t)size));

  free(bytes);
  return ok;
}

bool tar_extended_is(char type) {
  return type == 'x' || type == 'g' || type == 'L' || type == 'K';
}

bool tar_extended_take(struct tar_in *in, char type, uint64_t size, struct tar_extended *extended) {
  struct tar_extended ignored = {0};
  bool ok;

  if (size > TAR_EXTENDED_MAX)
    return false;
  if (type == 'L')
    return take_long(in, size, extended->path);
  if (type == 'K')
    return take_long(in, size, extended->link);
  ok = take_pax(in, size, type == 'g' ? &ignored : extended);
  free(ignored.xattrs);
  return ok;
}

void tar_extended_apply(struct tar_extended *extended, struct tar_entry *entry) {
  if (extended->path[0])
    strcpy(entry->path, extended->path);
  if (extended->link[0])
    strcpy(entry->link, extended->link);
  if (extended->has_uid)
    entry->uid = extended->uid;
  if (extended->has_gid)
    entry->gid = extended->gid;
  if (extended->has_mtime)
    entry->mtime = extended->mtime;
  if (extended->has_size)
    entry->size = extended->size;
  entry->xattrs = extended->xattrs;
  entry->xattrs_length = extended->xattrs_length;
  extended->xattrs = NULL;
}
