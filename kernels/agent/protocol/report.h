/* SPDX-License-Identifier: Apache-2.0 */
/* An answer made of fields, most of them files of the kernel. */
#ifndef AGENT_REPORT_H
#define AGENT_REPORT_H

#include "protocol/control.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct agent_report {
  uint8_t *bytes;
  size_t length, capacity;
  bool is_full; /* no memory, or more than an answer may hold: the rest is left out */
};

void agent_report_field(struct agent_report *report, const void *bytes, size_t length);

/* Adds a file's first `most` bytes, or an empty field if it cannot be read: the file may just have gone. */
void agent_report_file(struct agent_report *report, const char *path, size_t most);

/* Sends the report as OK, or an error if it is full, and frees it. */
void agent_report_send(struct agent_report *report, struct agent_request request);

#endif
