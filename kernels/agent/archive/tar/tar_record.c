// SPDX-License-Identifier: Apache-2.0
/* Writes and reads pax records. */
#define _GNU_SOURCE
#include "archive/tar/tar.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A record begins with its own length, whose digits count as well. */
static size_t record_length(size_t rest) {
  size_t length = rest + 1, digits = 0;

  do {
    digits = (size_t)snprintf(NULL, 0, "%zu", length);
    if (digits + rest == length)
      return length;
    length = digits + rest;
  } while (true);
}

bool tar_record_add(uint8_t **records, size_t *length, const char *key, const void *value, size_t value_length) {
  size_t rest = 1 + strlen(key) + 1 + value_length + 1, whole = record_length(rest);
  uint8_t *grown;

  if (value_length > TAR_EXTENDED_MAX || *length + whole > TAR_EXTENDED_MAX) {
    errno = E2BIG;
    return false;
  }
  grown = realloc(*records, *length + whole + 1);
  if (!grown)
    return false;
  *records = grown;
  grown += *length;
  grown += sprintf((char *)grown, "%zu %s=", whole, key);
  memcpy(grown, value, value_length);
  grown[value_length] = '\n';
  *length += whole;
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
