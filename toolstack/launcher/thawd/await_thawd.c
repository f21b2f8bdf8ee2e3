// SPDX-License-Identifier: Apache-2.0
/*
 * Detects a thawd that is starting. Its start script takes a lock beside the socket, and thawd releases the lock once
 * it listens. The kernel drops the lock of a thawd that dies, so no command waits for a dead one.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "main/launcher.h"

#define TELL_MS 1000

bool thawd_is_starting(const char *socket_path) {
  char path[PATH_MAX];
  bool starts;
  int lock;

  if (snprintf(path, sizeof path, "%s.lock", socket_path) >= (int)sizeof path)
    return false;
  lock = open(path, O_RDONLY | O_CLOEXEC);
  if (lock < 0)
    return false;
  /* A shared lock: concurrent launchers must not mistake each other for a thawd. */
  starts = flock(lock, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  close(lock);
  return starts;
}

void await_begin(struct launcher *launcher, const char *socket_path, bool tells) {
  launcher->socket_path = socket_path;
  launcher->tell_at_ms = tells ? clock_ms() + TELL_MS : 0;
}

void await_tell(struct launcher *launcher) {
  if (launcher->tell_at_ms == 0 || clock_ms() < launcher->tell_at_ms || !thawd_is_starting(launcher->socket_path))
    return;
  launcher->tell_at_ms = 0;
  say("Waiting for thawd, which is starting");
}

int await_thawd(struct launcher *launcher, int signals_fd) {
  int error = errno;
  int64_t end = clock_ms() + wait_seconds(START_MS / 1000) * 1000;
  bool starts = true;

  while (starts && (error == ENOENT || error == ECONNREFUSED)) {
    struct pollfd signals = {.fd = signals_fd, .events = POLLIN};

    /* Check the lock before connecting: a thawd that releases it in between already listens. */
    starts = thawd_is_starting(launcher->socket_path);
    if (connection_open(&launcher->thawd, launcher->socket_path) == 0)
      return 0;
    error = starts && clock_ms() >= end ? ETIMEDOUT : errno;
    await_tell(launcher);
    if (starts && error != ETIMEDOUT && poll(&signals, 1, TRY_MS) > 0)
      signals_take(launcher);
  }
  errno = error;
  return -1;
}
