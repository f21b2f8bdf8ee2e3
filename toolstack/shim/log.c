// SPDX-License-Identifier: Apache-2.0
/*
 * How output becomes a log file: `TIME STREAM F LINE` for a line with its end, `P` for a piece of one, as
 * conmon does. Whole records only: what a full disk cut off is cut away again.
 */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "note.h"

#define RETRY_MS 1000
#define HEAD_MAX 64

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

static int log_reopen(struct log *log) {
  struct stat st;

  log->fd = open(log->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (log->fd < 0 || fstat(log->fd, &st) != 0)
    return -1;
  log->size = log->boundary = (uint64_t)st.st_size;
  return 0;
}

static void log_fail(struct log *log, const char *what) {
  if (log->missed == 0 && log->retry_ms == 0)
    note(NOTE_ERROR, "Cannot %s log %s: %s; output goes on without it", what, log->path, strerror(errno));
  log->retry_ms = clock_ms() + RETRY_MS;
  if (log->fd >= 0 && log->size > log->boundary && ftruncate(log->fd, (off_t)log->boundary) == 0)
    log->size = log->boundary;
}

static bool log_ready(struct log *log) {
  if (log->retry_ms != 0 && clock_ms() < log->retry_ms)
    return false;
  if (log->fd < 0 && log_reopen(log) != 0) {
    log_fail(log, "open");
    return false;
  }
  return true;
}

static bool batch_flush(struct batch *batch) {
  struct log *log = batch->log;
  size_t done = 0;

  while (done < batch->n) {
    ssize_t n = write(log->fd, batch->bytes + done, batch->n - done);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      log_fail(log, "write");
      return false;
    }
    done += (size_t)n;
    log->size += (uint64_t)n;
  }
  batch->n = 0;
  log->boundary = batch->boundary;
  return true;
}

static bool batch_put(struct batch *batch, const void *bytes, size_t n) {
  while (n > 0) {
    size_t room = sizeof batch->bytes - batch->n;
    size_t take = n < room ? n : room;

    memcpy(batch->bytes + batch->n, bytes, take);
    batch->n += take;
    bytes = (const uint8_t *)bytes + take;
    n -= take;
    if (batch->n == sizeof batch->bytes && !batch_flush(batch))
      return false;
  }
  return true;
}

static bool log_rotate(struct log *log) {
  char old[4096];

  if (snprintf(old, sizeof old, "%s.1", log->path) >= (int)sizeof old)
    errno = ENAMETOOLONG;
  else if (rename(log->path, old) == 0) {
    close(log->fd);
    if (log_reopen(log) == 0)
      return true;
  }
  log_fail(log, "rotate");
  return false;
}

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
  struct batch batch; /* bytes stay as they are: clearing 16 KiB for each write would cost more than the write */
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

    if (at > 0 && at + head_length + line + 1 > log->max && (!batch_flush(&batch) || !log_rotate(log)))
      goto failed;
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
    note(NOTE_WARN, "Log %s is written again; up to %llu bytes of output are not in it", log->path,
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

struct log *log_open(char *path, uint64_t max) {
  struct log *log = calloc(1, sizeof *log);

  if (log == NULL)
    goto out;
  log->path = path;
  log->max = max;
  log->fd = -1;
  if (log_reopen(log) != 0) {
    int error = errno;

    if (error != ENOSPC && error != EDQUOT && error != EIO && error != EROFS && error != EMFILE && error != ENFILE)
      goto out;
    log_fail(log, "open");
  }
  return log;
out:
  free(log);
  free(path);
  return NULL;
}

void log_close(struct log *log) {
  if (log == NULL)
    return;
  if (log->fd >= 0)
    close(log->fd);
  free(log->path);
  free(log);
}
