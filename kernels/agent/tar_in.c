// SPDX-License-Identifier: Apache-2.0
/* How is a tar archive read that may hold anything? Every number is checked before it is used, every length before it
 * is read. */
#define _GNU_SOURCE
#include "tar.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Offsets of ustar's fields. */
enum {
  NAME = 0,
  MODE = 100,
  UID = 108,
  GID = 116,
  SIZE = 124,
  MTIME = 136,
  SUM = 148,
  TYPE = 156,
  LINK = 157,
  MAGIC = 257,
  MAJOR = 329,
  MINOR = 337,
  PREFIX = 345,
};

/* What extended headers say of the next entry, in place of its own. */
struct extended {
  char path[TAR_PATH_MAX], link[TAR_PATH_MAX];
  bool has_size, has_uid, has_gid, has_mtime;
  uint64_t size;
  uint32_t uid, gid;
  int64_t mtime;
  uint8_t *xattrs;
  size_t xattrs_length;
};

/* False: the archive ends. */
static bool fill(struct tar_in *in) {
  ssize_t got;

  in->start = in->end = 0;
  do
    got = read(in->fd, in->buffer, sizeof in->buffer);
  while (got < 0 && errno == EINTR);
  if (got > 0)
    in->end = (size_t)got;
  return got > 0;
}

/* As many bytes as there are before the end, up to length. */
static size_t take(struct tar_in *in, void *bytes, size_t length) {
  size_t done = 0;

  while (done < length && (in->start < in->end || fill(in))) {
    size_t part = in->end - in->start;

    if (part > length - done)
      part = length - done;
    if (bytes)
      memcpy((uint8_t *)bytes + done, in->buffer + in->start, part);
    in->start += part;
    done += part;
  }
  return done;
}

static bool skip(struct tar_in *in, uint64_t length) {
  while (length > 0) {
    size_t part = length > TAR_BUFFER ? TAR_BUFFER : (size_t)length;

    if (take(in, NULL, part) != part)
      return false;
    length -= part;
  }
  return true;
}

ssize_t tar_in_read(struct tar_in *in, void *bytes, size_t size) {
  size_t wanted = in->left < size ? (size_t)in->left : size, got;

  if (wanted == 0)
    return 0;
  got = take(in, bytes, wanted);
  in->left -= got;
  return got == wanted ? (ssize_t)got : -1;
}

void tar_in_drain(struct tar_in *in) {
  while (fill(in))
    ;
}

/* Octal digits, or GNU's binary form; false: neither, or more than 63 bits. */
static bool number(const uint8_t *field, size_t size, uint64_t *out) {
  uint64_t value = 0;
  size_t i = 0;

  if (field[0] & 0x80) {
    if (field[0] != 0x80) /* negative, or with bits that no field needs */
      return false;
    for (i = 1; i < size; i++) {
      if (value >> 55)
        return false;
      value = value << 8 | field[i];
    }
    *out = value;
    return true;
  }
  while (i < size && field[i] == ' ')
    i++;
  for (; i < size && field[i] != ' ' && field[i] != '\0'; i++) {
    if (field[i] < '0' || field[i] > '7' || value >> 60)
      return false;
    value = value << 3 | (uint64_t)(field[i] - '0');
  }
  *out = value;
  return true;
}

static bool number32(const uint8_t *field, size_t size, uint32_t *out) {
  uint64_t value;

  if (!number(field, size, &value) || value > UINT32_MAX)
    return false;
  *out = (uint32_t)value;
  return true;
}

static bool is_sound(const uint8_t *block) {
  unsigned sum = 0;
  int signed_sum = 0;
  uint64_t said;

  for (int i = 0; i < TAR_BLOCK; i++) {
    uint8_t byte = i >= SUM && i < SUM + 8 ? ' ' : block[i];

    sum += byte;
    signed_sum += (int8_t)byte;
  }
  return number(block + SUM, 8, &said) && (said == sum || (signed_sum >= 0 && said == (uint64_t)signed_sum));
}

static bool is_empty(const uint8_t *block) {
  for (int i = 0; i < TAR_BLOCK; i++)
    if (block[i] != 0)
      return false;
  return true;
}

/* Decimal, perhaps with a sign and a fraction, which is dropped. */
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

bool tar_record_next(uint8_t **records, size_t *length, char **name_out, uint8_t **value_out,
                     size_t *value_length_out) {
  size_t whole = 0, i = 0;
  uint8_t *record = *records, *equals;

  for (; i < *length && i < 8 && record[i] >= '0' && record[i] <= '9'; i++)
    whole = whole * 10 + (size_t)(record[i] - '0');
  if (i == 0 || i == *length || record[i] != ' ' || whole > *length || whole < i + 4 || record[whole - 1] != '\n')
    return false;
  i++;
  equals = memchr(record + i, '=', whole - 1 - i);
  if (!equals || memchr(record + i, '\0', (size_t)(equals - record) - i))
    return false;
  *equals = '\0';
  *name_out = (char *)record + i;
  *value_out = equals + 1;
  *value_length_out = whole - 1 - (size_t)(equals + 1 - record);
  *records += whole;
  *length -= whole;
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

static bool apply(struct extended *extended, const char *name, const uint8_t *value, size_t length) {
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
  /* a file in pieces would come out as something else */
  return strncmp(name, "GNU.sparse.", 11) != 0;
}

/* Content of an extended header; the caller's to free. */
static uint8_t *content(struct tar_in *in, uint64_t size) {
  size_t padded = ((size_t)size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
  uint8_t *bytes = malloc(padded + 1);

  if (bytes && take(in, bytes, padded) == padded) {
    bytes[size] = '\0';
    return bytes;
  }
  free(bytes);
  return NULL;
}

static bool take_pax(struct tar_in *in, uint64_t size, struct extended *extended) {
  uint8_t *bytes = content(in, size), *next = bytes, *value;
  size_t left = (size_t)size, length;
  bool ok = bytes != NULL;
  char *name;

  while (ok && left > 0)
    ok = tar_record_next(&next, &left, &name, &value, &length) && apply(extended, name, value, length);
  free(bytes);
  return ok;
}

static bool take_long(struct tar_in *in, uint64_t size, char out[TAR_PATH_MAX]) {
  uint8_t *bytes = content(in, size);
  bool ok = bytes && text_of(out, bytes, strnlen((char *)bytes, (size_t)size));

  free(bytes);
  return ok;
}

/* ustar's name, with its prefix where there is one. */
static void name_of(const uint8_t *block, char out[TAR_PATH_MAX]) {
  size_t prefix = memcmp(block + MAGIC, "ustar\0", 6) == 0 ? strnlen((const char *)block + PREFIX, 155) : 0;
  size_t name = strnlen((const char *)block + NAME, 100);

  memcpy(out, block + PREFIX, prefix);
  if (prefix > 0)
    out[prefix++] = '/';
  memcpy(out + prefix, block + NAME, name);
  out[prefix + name] = '\0';
}

static bool plain(const uint8_t *block, const struct extended *extended, struct tar_entry *entry, uint64_t size) {
  uint64_t mtime;
  size_t link = strnlen((const char *)block + LINK, 100);

  if (!number32(block + MODE, 8, &entry->mode) || !number32(block + UID, 8, &entry->uid) ||
      !number32(block + GID, 8, &entry->gid) || !number32(block + MAJOR, 8, &entry->major) ||
      !number32(block + MINOR, 8, &entry->minor))
    return false;
  /* before 1970 in GNU's form: what becomes of such a time matters to nobody */
  entry->mtime = number(block + MTIME, 12, &mtime) && mtime <= INT64_MAX ? (int64_t)mtime : 0;
  memcpy(entry->link, block + LINK, link);
  entry->link[link] = '\0';
  name_of(block, entry->path);
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
  entry->size = extended->has_size ? extended->size : size;
  return true;
}

static bool has_content(char type) {
  return type == TAR_FILE || type == '\0' || type == '7';
}

enum tar_next tar_in_next(struct tar_in *in, struct tar_entry *entry, const char **why) {
  struct extended extended = {0};
  uint8_t block[TAR_BLOCK];
  enum tar_next next = TAR_NEXT_BAD;
  uint64_t size;

  *why = "it ends in the middle of an entry";
  if (!skip(in, in->left) || (in->padding > 0 && !skip(in, in->padding)))
    return TAR_NEXT_BAD;
  in->left = in->padding = 0;
  for (;;) {
    size_t got = take(in, block, sizeof block);
    char type = (char)block[TYPE];

    if (got == 0 || (got == sizeof block && is_empty(block))) {
      next = TAR_NEXT_END;
      goto out;
    }
    if (got != sizeof block)
      goto out;
    *why = "a header is damaged, or it is no tar archive";
    if (!is_sound(block) || !number(block + SIZE, 12, &size))
      goto out;
    if (type == 'x' || type == 'g' || type == 'L' || type == 'K') {
      struct extended ignored = {0};

      *why = "an extended header is damaged, too long, or of a sparse file";
      if (size > TAR_EXTENDED_MAX)
        goto out;
      if (type == 'L'   ? !take_long(in, size, extended.path)
          : type == 'K' ? !take_long(in, size, extended.link)
                        : !take_pax(in, size, type == 'g' ? &ignored : &extended)) {
        free(ignored.xattrs);
        goto out;
      }
      free(ignored.xattrs);
      continue;
    }
    *why = "an entry is of a kind that is not known";
    if (!has_content(type) && (type < TAR_LINK || type > TAR_FIFO))
      goto out;
    *why = "a number in a header is wrong";
    if (!plain(block, &extended, entry, size))
      goto out;
    entry->type = has_content(type) ? TAR_FILE : (enum tar_type)type;
    /* before there were types for folders, their names said it */
    if (entry->type == TAR_FILE && entry->path[0] && entry->path[strlen(entry->path) - 1] == '/')
      entry->type = TAR_FOLDER;
    if (entry->type != TAR_FILE)
      entry->size = 0;
    in->left = entry->size;
    in->padding = (uint32_t)((TAR_BLOCK - entry->size % TAR_BLOCK) % TAR_BLOCK);
    entry->xattrs = extended.xattrs;
    entry->xattrs_length = extended.xattrs_length;
    extended.xattrs = NULL;
    next = TAR_NEXT_ENTRY;
    goto out;
  }
out:
  free(extended.xattrs);
  return next;
}
