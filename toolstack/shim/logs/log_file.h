// SPDX-License-Identifier: Apache-2.0
/* The file behind a log: written in batches of whole records, rotated, and tried again after a failure. */
#ifndef THAW_SHIM_LOG_FILE_H
#define THAW_SHIM_LOG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log {
  char *path;
  int fd; /* -1: to be opened again at retry_ms */
  uint64_t max;
  uint64_t size;     /* of the file */
  uint64_t boundary; /* where its last whole record ends, no further than size */
  bool partial[2];
  int64_t retry_ms; /* not 0: failing */
  uint64_t missed;
};

struct batch {
  struct log *log;
  uint64_t boundary; /* the log's, once this batch is written */
  size_t n;
  uint8_t bytes[16384];
};

/* False while it fails; opens it again when it is time. */
bool log_ready(struct log *log);
/* False when the disk refused; the file then ends with its last whole record. */
bool batch_put(struct batch *batch, const void *bytes, size_t n);
bool batch_flush(struct batch *batch);
bool log_rotate(struct log *log);

#endif
