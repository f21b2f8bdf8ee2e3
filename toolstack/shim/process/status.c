// SPDX-License-Identifier: Apache-2.0
/* Reports the shim's processes: answers STATUS, and writes one lasting status file for each process. */
#include "main/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int write_all(int fd, const char *text, size_t n) {
  while (n > 0) {
    ssize_t done = write(fd, text, n);

    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      return -1;
    text += done;
    n -= (size_t)done;
  }
  return 0;
}

/* Writes the file atomically: a reader sees no file or a whole one, even after a power cut. */
static int write_file(const char *path, const char *text) {
  char tmp[4096];
  int fd = -1, rc = -1;

  if (snprintf(tmp, sizeof tmp, "%s.tmp", path) >= (int)sizeof tmp) {
    errno = ENAMETOOLONG;
    goto out;
  }
  fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0 || write_all(fd, text, strlen(text)) != 0 || fsync(fd) != 0 || rename(tmp, path) != 0) {
    int error = errno;

    if (fd >= 0)
      unlink(tmp);
    errno = error;
    goto out;
  }
  rc = 0;
out:
  if (fd >= 0)
    close(fd);
  return rc;
}

/* Writes `exited N` or `signaled N`, with ` oom` appended if the container ran out of memory, or `lost REASON`, once.
 * After a failure the main loop calls this again. */
void status_write(struct shim *shim, struct process *process) {
  char text[300];

  if (process->status_path == NULL)
    return;
  if (process->state == PROCESS_ENDED)
    snprintf(text, sizeof text, "%s %u%s\n", process->exit.kind == THAW_EXITED ? "exited" : "signaled",
             process->exit.value, process->oom_kills > 0 ? " oom" : "");
  else
    snprintf(text, sizeof text, "lost %s\n", shim->lost);
  if (write_file(process->status_path, text) != 0) {
    if (!shim->status_due)
      note(NOTE_ERROR, "Cannot write status file %s: %s; trying again every second", process->status_path,
           strerror(errno));
    shim->status_due = true;
    return;
  }
  free(process->status_path);
  process->status_path = NULL;
}

static bool put_field(struct fifo *fifo, const void *bytes, uint32_t n) {
  return fifo_push(fifo, &n, sizeof n, THAW_DATA_MAX) == 0 && fifo_push(fifo, bytes, n, THAW_DATA_MAX) == 0;
}

void status_reply(struct shim *shim, struct client *client) {
  char text[220];
  struct fifo fields = {0};
  uint32_t side;
  bool ok;

  if (shim->state == SHIM_LOST)
    snprintf(text, sizeof text, "lost: %s", shim->lost);
  else
    snprintf(text, sizeof text, "%s", shim->state == SHIM_UP ? "up" : "waiting");
  ok = put_field(&fields, text, (uint32_t)strlen(text));
  for (struct process *process = shim->processes; ok && process != NULL; process = process->next) {
    struct thaw_status status = {
        .process = process->id, .flags = process->flags, .kind = process->exit.kind, .value = process->exit.value};

    if (process->state != PROCESS_EXPECTED)
      status.flags |= THAW_PROCESS_BEGUN;
    if (process->oom_kills > 0)
      status.flags |= THAW_PROCESS_OOM;

    ok = put_field(&fields, &status, sizeof status);
  }
  if (ok) {
    const uint8_t *bytes = fifo_peek(&fields, &side); /* no byte was taken out, so all bytes are contiguous */

    client_reply(client, THAW_STATUS, 0, 0, bytes, side);
  } else {
    client->broken = true;
  }
  fifo_release(&fields);
}

static bool is_status_due(struct shim *shim) {
  shim->status_due = false;
  for (struct process *process = shim->processes; process != NULL; process = process->next) {
    if (process->state == PROCESS_ENDED || process->state == PROCESS_LOST)
      shim->status_due |= process->status_path != NULL;
  }
  return shim->status_due;
}

/* Retries the status files whose writing failed. */
void status_retry(struct shim *shim) {
  if (!is_status_due(shim))
    return;
  for (struct process *process = shim->processes; process != NULL; process = process->next) {
    if (process->state == PROCESS_ENDED || process->state == PROCESS_LOST)
      status_write(shim, process);
  }
  is_status_due(shim);
}
