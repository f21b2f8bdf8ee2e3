// SPDX-License-Identifier: Apache-2.0
/* When stdin is read, and what becomes of it: never more than the process takes, so nothing waits here. */
#include <errno.h>
#include <unistd.h>

#include "launcher.h"

#define READ_STEP 65536u

bool input_wanted(const struct launcher *launcher) {
  return launcher->state == PROCESS_ATTACHED && !launcher->in_eof && launcher->in_credit > 0 &&
         launcher->shim.out.length < READ_STEP;
}

/* Call when poll says that stdin is readable, so that it does not block. A read that fails is the end. */
void input_read(struct launcher *launcher) {
  static uint8_t bytes[READ_STEP];
  size_t want = launcher->in_credit < READ_STEP ? launcher->in_credit : READ_STEP;
  ssize_t n = read(STDIN_FILENO, bytes, want);

  if (n < 0 && (errno == EINTR || errno == EAGAIN))
    return;
  if (n <= 0) {
    launcher->in_eof = true;
    connection_put(&launcher->shim, THAW_EOF, launcher->process, THAW_STDIN, NULL, 0);
    return;
  }
  launcher->in_credit -= (uint32_t)n;
  connection_put(&launcher->shim, THAW_STREAM, launcher->process, THAW_STDIN, bytes, (uint32_t)n);
}
