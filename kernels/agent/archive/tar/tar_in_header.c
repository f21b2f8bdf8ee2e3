// SPDX-License-Identifier: Apache-2.0
/* Parses a ustar header. Every number in it is checked before it is used. */
#include "archive/tar/tar_in.h"

#include <string.h>

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

/* Parses octal digits or GNU's binary form; false: malformed, or more than 63 bits. */
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

bool tar_header_is_empty(const uint8_t block[TAR_BLOCK]) {
  for (int i = 0; i < TAR_BLOCK; i++)
    if (block[i] != 0)
      return false;
  return true;
}

bool tar_header_is_sound(const uint8_t block[TAR_BLOCK], char *type_out, uint64_t *size_out) {
  unsigned sum = 0;
  int signed_sum = 0;
  uint64_t said;

  for (int i = 0; i < TAR_BLOCK; i++) {
    uint8_t byte = i >= SUM && i < SUM + 8 ? ' ' : block[i];

    sum += byte;
    signed_sum += (int8_t)byte;
  }
  if (!number(block + SUM, 8, &said) || (said != sum && (signed_sum < 0 || said != (uint64_t)signed_sum)))
    return false;
  *type_out = (char)block[TYPE];
  return number(block + SIZE, 12, size_out);
}

/* Joins ustar's prefix, where there is one, and the name. */
static void name_of(const uint8_t *block, char out[TAR_PATH_MAX]) {
  size_t prefix = memcmp(block + MAGIC, "ustar\0", 6) == 0 ? strnlen((const char *)block + PREFIX, 155) : 0;
  size_t name = strnlen((const char *)block + NAME, 100);

  memcpy(out, block + PREFIX, prefix);
  if (prefix > 0)
    out[prefix++] = '/';
  memcpy(out + prefix, block + NAME, name);
  out[prefix + name] = '\0';
}

bool tar_header_read(const uint8_t block[TAR_BLOCK], struct tar_entry *entry) {
  uint64_t mtime;
  size_t link = strnlen((const char *)block + LINK, 100);

  if (!number32(block + MODE, 8, &entry->mode) || !number32(block + UID, 8, &entry->uid) ||
      !number32(block + GID, 8, &entry->gid) || !number32(block + MAJOR, 8, &entry->major) ||
      !number32(block + MINOR, 8, &entry->minor))
    return false;
  /* a time before 1970 in GNU's form becomes 0 */
  entry->mtime = number(block + MTIME, 12, &mtime) && mtime <= INT64_MAX ? (int64_t)mtime : 0;
  memcpy(entry->link, block + LINK, link);
  entry->link[link] = '\0';
  name_of(block, entry->path);
  return true;
}
