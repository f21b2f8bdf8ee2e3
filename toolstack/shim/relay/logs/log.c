// SPDX-License-Identifier: Apache-2.0
/*
 * Turns output into log records in conmon's format: `TIME STREAM F LINE` for a line with its end, `P` in place of `F`
 * for a piece of a line.
 */
#include "relay/logs/log.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/note.h"
#include "relay/logs/log_file.h"

#define HEAD_MAX 64

static size_t record_head(char *head, unsigned stream, bool whole) {
  struct timespec now;
  struct tm utc;
  size_t n;

  clock_gettime(CLOCK_REALTIME, &now);
  gmtime_r(&now.tv_sec, &utc);
  n = strftime(head, HEAD_MAX, "%Y-%m-%dT%H:%M:%S", &utc);
  n += (size_t)snprintf(head + n, HEAD_MAX - n, ".%09ld+00:00 %s %c ", now.tv_nsec, stream == 1 ? "stdout" : "stderr",
                        whole ? 'F' : 'P');
  return n;
}

void log_write(struct log *log, unsigned stream, const uint8_t *bytes, size_t n) {
  struct batch batch; /* bytes stay uninitialized: clearing 16 KiB for each write would cost more than the write */
  char head[2][HEAD_MAX];
  size_t total = n, head_length;

  if (!log_ready(log)) {
    log->missed += n;
    return;
  }
  batch.log = log;
  batch.boundary = log->boundary;
  batch.n = 0;
  head_length = record_head(head[0], stream, false);
  record_head(head[1], stream, true);
  do {
    const uint8_t *end = n > 0 ? memchr(bytes, '\n', n) : NULL;
    size_t line = end != NULL ? (size_t)(end - bytes) : n;
    bool whole = end != NULL || n == 0;
    uint64_t at = log->size + batch.n;

    if (at > 0 && at + head_length + line + 1 > log->max) {
      if (!batch_flush(&batch) || !log_rotate(log))
        goto failed;
      batch.boundary = log->size; /* where the new file cuts off a record that does not fit */
    }
    if (!batch_put(&batch, head[whole], head_length) || !batch_put(&batch, bytes, line) || !batch_put(&batch, "\n", 1))
      goto failed;
    batch.boundary = log->size + batch.n;
    log->partial[stream - 1] = !whole;
    line += end != NULL;
    bytes += line;
    n -= line;
  } while (n > 0);
  if (!batch_flush(&batch))
    goto failed;
  if (log->retry_ms != 0)
    note(NOTE_WARN, "The log of process %u is written again; up to %llu bytes of output are not in it", log->process,
         (unsigned long long)log->missed);
  log->retry_ms = 0;
  log->missed = 0;
  return;
failed:
  log->missed += total;
}

void log_end(struct log *log, unsigned stream) {
  if (log->partial[stream - 1])
    log_write(log, stream, (const uint8_t *)"", 0);
}
