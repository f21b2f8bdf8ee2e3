/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a payload: a fixed struct, then byte strings, each behind its length. */
#ifndef AGENT_FIELDS_H
#define AGENT_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AGENT_NAME_MAX 128

struct agent_field {
  uint8_t *bytes; /* points into the payload */
  uint32_t length;
};

/* The unread rest of a payload. */
struct agent_fields {
  uint8_t *next;
  size_t left;
};

/* Each takes from the front; false: the payload is too short, and nothing is taken. */
bool agent_fields_struct(struct agent_fields *fields, void *out, size_t size);
bool agent_fields_next(struct agent_fields *fields, struct agent_field *out);

/*
 * Takes a name that becomes part of a path and of crun's command line: letters, digits, '_', '-', '.' and '+', at
 * most AGENT_NAME_MAX, no '.' or '-' in front. name gets a NUL-terminated copy.
 */
bool agent_fields_name(struct agent_fields *fields, char name[AGENT_NAME_MAX + 1]);
/* Like agent_fields_name(), but also takes "". */
bool agent_fields_name_or_none(struct agent_fields *fields, char name[AGENT_NAME_MAX + 1]);

bool agent_fields_at_end(const struct agent_fields *fields);

#endif
