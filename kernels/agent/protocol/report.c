// SPDX-License-Identifier: Apache-2.0
/* Builds an answer from files of the kernel. */
#include "protocol/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REPORT_MAX 1048576u
#define FILE_MAX 8192u

static bool reserve(struct agent_report *report, size_t more) {
  size_t capacity = report->capacity == 0 ? 4096 : report->capacity;
  uint8_t *bytes;

  if (report->is_full || more > REPORT_MAX - report->length) {
    report->is_full = true;
    return false;
  }
  while (capacity < report->length + more)
    capacity *= 2;
  if (capacity == report->capacity)
    return true;
  bytes = realloc(report->bytes, capacity);
  report->is_full = bytes == NULL;
  if (!bytes)
    return false;
  report->bytes = bytes;
  report->capacity = capacity;
  return true;
}

void agent_report_field(struct agent_report *report, const void *bytes, size_t length) {
  uint32_t head = (uint32_t)length;

  if (!reserve(report, sizeof head + length))
    return;
  memcpy(report->bytes + report->length, &head, sizeof head);
  if (length > 0)
    memcpy(report->bytes + report->length + sizeof head, bytes, length);
  report->length += sizeof head + length;
}

void agent_report_file(struct agent_report *report, const char *path, size_t most) {
  char text[FILE_MAX];
  size_t length = 0;
  int fd = open(path, O_RDONLY | O_CLOEXEC);

  if (most > sizeof text)
    most = sizeof text;
  while (fd >= 0 && length < most) {
    ssize_t got = read(fd, text + length, most - length);

    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      break;
    length += (size_t)got;
  }
  if (fd >= 0)
    close(fd);
  agent_report_field(report, text, length);
}

void agent_report_send(struct agent_report *report, struct agent_request request) {
  if (report->is_full)
    agent_control_error(request, THAW_E_INTERNAL, "The answer is too long, or there is no memory for it");
  else
    agent_control_ok(request, report->bytes, report->length);
  free(report->bytes);
  *report = (struct agent_report){0};
}
