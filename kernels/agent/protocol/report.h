/* SPDX-License-Identifier: Apache-2.0 */
/* An answer made of fields, most of them the kernel's own files. */
#ifndef AGENT_REPORT_H
#define AGENT_REPORT_H

#include "protocol/control.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct agent_report {
  uint8_t *bytes;
  size_t length, capacity;
  bool is_full; /* no memory, or more than an answer may be: the rest was left out */
};

void agent_report_field(struct agent_report *report, const void *bytes, size_t length);

/* A file's first `most` bytes; an empty field for one that cannot be read: it may just have gone. */
void agent_report_file(struct agent_report *report, const char *path, size_t most);

/* Sends it as OK, or an error when it was cut off, and frees it. */
void agent_report_send(struct agent_report *report, struct agent_request request);

#endif
