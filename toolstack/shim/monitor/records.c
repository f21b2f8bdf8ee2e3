// SPDX-License-Identifier: Apache-2.0
/* Keeps the paths of log and status files, opens logs, and writes status files. */
#include "monitor/records.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/status_file.h"

struct record *record_find(struct monitor *monitor, uint32_t id) {
  struct record *record = monitor->records;

  while (record != NULL && record->id != id)
    record = record->next;
  return record;
}

const char *records_refuse(struct monitor *monitor, uint32_t id) {
  if (record_find(monitor, id) != NULL)
    return "Cannot expect the process: its id is in use";
  return monitor->record_count < RECORDS_MAX ? NULL : "Cannot expect the process: the sandbox has too many";
}

int record_add(struct monitor *monitor, uint32_t id, char *log_path, char *status_path) {
  struct record *record = calloc(1, sizeof *record);

  if (record == NULL)
    return -1;
  *record = (struct record){monitor->records, id, log_path, status_path, NULL};
  monitor->records = record;
  monitor->record_count++;
  return 0;
}

void record_remove(struct monitor *monitor, struct record *record) {
  struct record **link = &monitor->records;

  while (*link != record)
    link = &(*link)->next;
  *link = record->next;
  monitor->record_count--;
  free(record->log_path);
  free(record->status_path);
  free(record->status);
  free(record);
}

int record_log(const struct record *record, enum call_log how, int *fd_out, uint64_t *size_out) {
  char old[4096];
  struct stat info;

  if (record->log_path == NULL)
    return ENOENT;
  if (snprintf(old, sizeof old, "%s.1", record->log_path) >= (int)sizeof old)
    return ENAMETOOLONG;
  /* without a file: the last try came so far, and could not make another */
  if (how == LOG_ROTATE && rename(record->log_path, old) != 0 && errno != ENOENT)
    return errno;
  *fd_out = open(record->log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  if (*fd_out < 0)
    return errno;
  if (fstat(*fd_out, &info) != 0)
    return errno;
  *size_out = (uint64_t)info.st_size;
  return 0;
}

/* Returns the line of a status file: `exited N` or `signaled N`, with ` oom` appended if the container ran out of
 * memory, or `lost REASON`. */
static char *status_line(const struct call_status *status, const char *lost) {
  char text[300];

  if (status->kind == THAW_EXITED || status->kind == THAW_SIGNALED)
    snprintf(text, sizeof text, "%s %u%s\n", status->kind == THAW_EXITED ? "exited" : "signaled", status->value & 0xff,
             status->oom_kills > 0 ? " oom" : "");
  else
    snprintf(text, sizeof text, "lost %.200s\n", lost);
  return strdup(text);
}

int record_status(struct monitor *monitor, struct record *record, const struct call_status *status, const char *lost) {
  bool is_first = record->status == NULL;

  if (is_first && (record->status = status_line(status, lost)) == NULL)
    return ENOMEM;
  if (status_file_write(record->status_path, record->status) != 0) {
    int error = errno;

    if (is_first)
      note(NOTE_ERROR, "Cannot write status file %s: %s; trying again every second", record->status_path,
           strerror(error));
    return error;
  }
  record_remove(monitor, record);
  return 0;
}

void records_end(struct monitor *monitor) {
  const struct call_status lost = {0};

  while (monitor->records != NULL) {
    struct record *record = monitor->records;

    if (record_status(monitor, record, &lost, monitor->is_lost ? monitor->lost : "its relay ended") != 0)
      record_remove(monitor, record);
  }
}
