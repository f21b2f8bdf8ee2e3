// SPDX-License-Identifier: Apache-2.0
/* Checks a guest's stats before readers of a cgroup see them: only text that the kernel could have written passes. */
#include "stand-in/stats.h"

#define NAME_MAX_LENGTH 63u
#define DIGITS_MAX 19u /* every number of 19 digits fits 64 bits */

static bool is_name(uint8_t c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

/* Returns the length in bytes of digits and their line end, or 0 for any other text. */
static uint32_t number_line(const uint8_t *text, uint32_t length) {
  uint32_t digits = 0;

  while (digits < length && text[digits] >= '0' && text[digits] <= '9')
    digits++;
  return digits > 0 && digits <= DIGITS_MAX && digits < length && text[digits] == '\n' ? digits + 1 : 0;
}

bool stats_are_sound(const uint8_t *untrusted_text, uint32_t length, bool is_lines) {
  uint32_t at = 0;

  if (length == 0)
    return false;
  if (!is_lines)
    return number_line(untrusted_text, length) == length;
  while (at < length) {
    uint32_t name = 0, number;

    while (at + name < length && is_name(untrusted_text[at + name]))
      name++;
    if (name == 0 || name > NAME_MAX_LENGTH || at + name >= length || untrusted_text[at + name] != ' ')
      return false;
    at += name + 1;
    number = number_line(untrusted_text + at, length - at);
    if (number == 0)
      return false;
    at += number;
  }
  return true;
}
