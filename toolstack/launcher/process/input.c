// SPDX-License-Identifier: Apache-2.0
/* Reads stdin only within the process's credit, so that no input waits here, and filters the detach keys. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "main/launcher.h"

#define READ_STEP 65536u

bool input_wanted(const struct launcher *launcher) {
  return launcher->state == PROCESS_ATTACHED && !launcher->in_eof && launcher->in_credit > launcher->detach_seen &&
         launcher->shim.out.length < READ_STEP;
}

/*
 * Holds back a possible beginning of the detach keys. Copies all other input to `out` and returns its length in
 * bytes. Sets *detached_out to true once the keys are complete.
 */
static uint32_t filter(struct launcher *launcher, const uint8_t *in, uint32_t n, uint8_t *out, bool *detached_out) {
  uint32_t sent = 0;

  *detached_out = false;
  for (uint32_t i = 0; i < n && !*detached_out; i++) {
    while (launcher->detach_seen > 0 && in[i] != launcher->detach[launcher->detach_seen]) {
      /* no match: the first key held back is input, and the keys after it may begin a new match */
      uint32_t seen = launcher->detach_seen;

      out[sent++] = launcher->detach[0];
      do
        seen--;
      while (seen > 0 && memcmp(launcher->detach, launcher->detach + launcher->detach_seen - seen, seen) != 0);
      for (uint32_t k = 1; k < launcher->detach_seen - seen; k++)
        out[sent++] = launcher->detach[k];
      launcher->detach_seen = seen;
    }
    if (in[i] == launcher->detach[launcher->detach_seen])
      *detached_out = ++launcher->detach_seen == launcher->detach_length;
    else
      out[sent++] = in[i];
  }
  return sent;
}

/* Call only when poll reports stdin readable, so that read does not block. A failed read counts as end of file. */
void input_read(struct launcher *launcher) {
  static uint8_t bytes[READ_STEP], filtered[READ_STEP + DETACH_MAX];
  size_t room = launcher->in_credit - launcher->detach_seen; /* keys held back need credit, too */
  ssize_t n = read(STDIN_FILENO, bytes, room < READ_STEP - DETACH_MAX ? room : READ_STEP - DETACH_MAX);
  const uint8_t *send = bytes;
  bool detached = false;

  if (n < 0 && (errno == EINTR || errno == EAGAIN))
    return;
  if (n <= 0) {
    launcher->in_eof = true;
    if (launcher->detach_seen > 0)
      connection_put(&launcher->shim, THAW_STREAM, launcher->process, THAW_STDIN, launcher->detach,
                     launcher->detach_seen);
    connection_put(&launcher->shim, THAW_EOF, launcher->process, THAW_STDIN, NULL, 0);
    return;
  }
  if (launcher->detach_length > 0 && (launcher->flags & THAW_PROCESS_TTY) != 0) {
    n = filter(launcher, bytes, (uint32_t)n, filtered, &detached);
    send = filtered;
  }
  launcher->in_credit -= (uint32_t)n;
  if (n > 0)
    connection_put(&launcher->shim, THAW_STREAM, launcher->process, THAW_STDIN, send, (uint32_t)n);
  if (detached)
    launcher->detaches = launcher->in_eof = true;
}
