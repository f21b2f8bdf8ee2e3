// SPDX-License-Identifier: Apache-2.0
/* Parses a payload and checks each length before use. */
#include "protocol/fields.h"

#include <string.h>

bool agent_fields_struct(struct agent_fields *fields, void *out, size_t size) {
  if (fields->left < size)
    return false;
  memcpy(out, fields->next, size);
  fields->next += size;
  fields->left -= size;
  return true;
}

bool agent_fields_next(struct agent_fields *fields, struct agent_field *out) {
  uint32_t untrusted_length;

  if (fields->left < sizeof untrusted_length)
    return false;
  memcpy(&untrusted_length, fields->next, sizeof untrusted_length);
  if (untrusted_length > fields->left - sizeof untrusted_length)
    return false;
  out->bytes = fields->next + sizeof untrusted_length;
  out->length = untrusted_length;
  fields->next = out->bytes + out->length;
  fields->left -= sizeof untrusted_length + out->length;
  return true;
}

bool agent_fields_name(struct agent_fields *fields, char name[AGENT_NAME_MAX + 1]) {
  struct agent_field field;

  if (!agent_fields_next(fields, &field) || field.length == 0 || field.length > AGENT_NAME_MAX)
    return false;
  if (field.bytes[0] == '.' || field.bytes[0] == '-')
    return false;
  for (uint32_t i = 0; i < field.length; i++) {
    uint8_t c = field.bytes[i];

    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("_-.+", c))))
      return false;
  }
  memcpy(name, field.bytes, field.length);
  name[field.length] = '\0';
  return true;
}

bool agent_fields_name_or_none(struct agent_fields *fields, char name[AGENT_NAME_MAX + 1]) {
  struct agent_fields ahead = *fields;
  struct agent_field field;

  if (!agent_fields_next(&ahead, &field) || field.length > 0)
    return agent_fields_name(fields, name);
  *name = '\0';
  *fields = ahead;
  return true;
}

bool agent_fields_at_end(const struct agent_fields *fields) {
  return fields->left == 0;
}
