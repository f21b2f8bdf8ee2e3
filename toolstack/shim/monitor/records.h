/* SPDX-License-Identifier: Apache-2.0 */
/* The paths of each process's log and status file, which the relay never learns. */
#ifndef THAW_MONITOR_RECORDS_H
#define THAW_MONITOR_RECORDS_H

#include "monitor/monitor.h"

/* Those of the relay's processes, and some that it is about to release. */
#define RECORDS_MAX 1088u

/* The files of a process, for the relay: its enum expect_file. */
enum record_file { RECORD_LOG = 1, RECORD_STATUS = 2 };

struct record {
  struct record *next;
  uint32_t id;
  char *log_path; /* NULL: none */
  char *status_path;
  char *status; /* the line that is due; NULL: the process has not ended */
};

struct record *record_find(struct monitor *monitor, uint32_t id);
/* Returns NULL, or the reason why a process of that id cannot have a record. */
const char *records_refuse(struct monitor *monitor, uint32_t id);
/* Takes over both paths, unless it returns -1: no memory. */
int record_add(struct monitor *monitor, uint32_t id, char *log_path, char *status_path);
void record_remove(struct monitor *monitor, struct record *record);

/* Opens the log. Returns 0 or an errno. */
int record_log(const struct record *record, enum call_log how, int *fd_out, uint64_t *size_out);
/* Writes the status file, and removes the record. Returns 0 or an errno: then call it again. */
int record_status(struct monitor *monitor, struct record *record, const struct call_status *status, const char *lost);

/* The relay has ended: writes what is known of each process. */
void records_end(struct monitor *monitor);

#endif
