// SPDX-License-Identifier: Apache-2.0
/* The file behind a log: written in batches of whole records, rotated, and tried again after a failure. */
#ifndef THAW_SHIM_LOG_FILE_H
#define THAW_SHIM_LOG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log {
  uint32_t process;
  int fd; /* -1: open again at retry_ms */
  uint64_t max;
  uint64_t size;     /* of the file */
  uint64_t boundary; /* end of the last whole record, no further than size */
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

/* Returns false while the log fails. Opens the file again at retry_ms. */
bool log_ready(struct log *log);
/* Return false if the disk refuses. The file then ends with its last whole record. */
bool batch_put(struct batch *batch, const void *bytes, size_t n);
bool batch_flush(struct batch *batch);
bool log_rotate(struct log *log);

#endif
