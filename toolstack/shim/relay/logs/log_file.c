// SPDX-License-Identifier: Apache-2.0
/* Writes a log's file so that it holds whole records only: removes a record that a full disk cut short. */
#include "relay/logs/log_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/note.h"
#include "relay/logs/log.h"
#include "relay/to_monitor.h"

#define RETRY_MS 1000

static int log_reopen(struct log *log, enum call_log how) {
  uint64_t size;
  int fd;

  errno = call_log(log->process, how, &fd, &size);
  if (errno != 0)
    return -1;
  log->fd = fd;
  log->size = log->boundary = size;
  return 0;
}

static void log_fail(struct log *log, const char *what) {
  if (log->missed == 0 && log->retry_ms == 0)
    note(NOTE_ERROR, "Cannot %s the log of process %u: %s; output goes on without it", what, log->process,
         strerror(errno));
  log->retry_ms = clock_ms() + RETRY_MS;
  if (log->fd >= 0 && log->size > log->boundary && ftruncate(log->fd, (off_t)log->boundary) == 0)
    log->size = log->boundary;
}

bool log_ready(struct log *log) {
  if (log->retry_ms != 0 && clock_ms() < log->retry_ms)
    return false;
  if (log->fd < 0 && log_reopen(log, LOG_OPEN) != 0) {
    log_fail(log, "open");
    return false;
  }
  return true;
}

bool batch_flush(struct batch *batch) {
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

bool batch_put(struct batch *batch, const void *bytes, size_t n) {
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

bool log_rotate(struct log *log) {
  int before = log->fd;

  if (log_reopen(log, LOG_ROTATE) == 0) {
    close(before);
    return true;
  }
  log_fail(log, "rotate");
  return false;
}

struct log *log_open(uint32_t process, uint64_t max) {
  struct log *log = calloc(1, sizeof *log);

  if (log == NULL)
    goto out;
  log->process = process;
  log->max = max;
  log->fd = -1;
  if (log_reopen(log, LOG_OPEN) != 0) {
    int error = errno;

    if (error != ENOSPC && error != EDQUOT && error != EIO && error != EROFS && error != EMFILE && error != ENFILE)
      goto out;
    log_fail(log, "open");
  }
  return log;
out:
  free(log);
  return NULL;
}

void log_close(struct log *log) {
  if (log == NULL)
    return;
  if (log->fd >= 0)
    close(log->fd);
  free(log);
}
