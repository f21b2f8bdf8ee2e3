// SPDX-License-Identifier: Apache-2.0
/*
 * Writes to stdout and stderr without blocking. The launcher shares both with its caller and must not set O_NONBLOCK:
 * it writes files directly, pipes and sockets with RWF_NOWAIT, all else in pieces that fit after POLLOUT.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "main/launcher.h"

#define CREDIT_STEP (THAW_WINDOW / 4) /* less than this is not worth a CREDIT frame */
#define WRITES_PER_TURN 16

void output_init(struct output *output, int fd) {
  struct stat st;

  output->fd = fd;
  output->file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

void output_free(struct output *output) {
  fifo_release(&output->thawd);
  fifo_release(&output->shim);
}

bool output_pending(const struct output *output) {
  return output->thawd.length > 0 || output->shim.length > 0;
}

/* Returns the bytes written, or -1 with errno: EAGAIN when the write would block now. */
static ssize_t write_some(struct output *output, const uint8_t *bytes, size_t n) {
  struct pollfd ready = {.fd = output->fd, .events = POLLOUT};

  if (output->file)
    return write(output->fd, bytes, n);
  if (!output->chunked) {
    struct iovec piece = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = n};
    ssize_t done = pwritev2(output->fd, &piece, 1, -1, RWF_NOWAIT);

    if (done >= 0 || (errno != EOPNOTSUPP && errno != EINVAL && errno != ENOSYS && errno != ESPIPE))
      return done;
    output->chunked = true; /* a terminal, or a kernel before 6.5 */
  }
  if (poll(&ready, 1, 0) == 0) {
    errno = EAGAIN;
    return -1;
  }
  return write(output->fd, bytes, n < PIPE_BUF ? n : PIPE_BUF);
}

static void credit(struct launcher *launcher, struct output *output) {
  uint32_t stream = output == &launcher->out[0] ? THAW_STDOUT : THAW_STDERR;

  if (output->uncredited < CREDIT_STEP || output->eof || launcher->state != PROCESS_ATTACHED)
    return;
  connection_put(&launcher->shim, THAW_CREDIT, launcher->process, stream, &output->uncredited,
                 sizeof output->uncredited);
  output->uncredited = 0;
}

/* The output takes no more bytes. The process learns this as in a pipeline: its next write gets EPIPE. */
static void closed(struct launcher *launcher, struct output *output) {
  uint32_t stream = output == &launcher->out[0] ? THAW_STDOUT : THAW_STDERR;

  if (errno != EPIPE) {
    output->failed = true;
    say("Cannot write to %s: %s", stream == THAW_STDOUT ? "stdout" : "stderr", strerror(errno));
  }
  output->closed = true;
  output->uncredited += output->shim.length;
  fifo_release(&output->thawd);
  fifo_release(&output->shim);
  if (launcher->state == PROCESS_ATTACHED && !output->eof)
    connection_put(&launcher->shim, THAW_EOF, launcher->process, stream, NULL, 0);
}

void output_write(struct launcher *launcher, struct output *output) {
  for (int i = 0; i < WRITES_PER_TURN && output_pending(output); i++) {
    struct fifo *queue = output->thawd.length > 0 ? &output->thawd : &output->shim;
    uint32_t side;
    const uint8_t *bytes = fifo_peek(queue, &side);
    ssize_t n = write_some(output, bytes, side);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
      break;
    if (n < 0) {
      closed(launcher, output);
      break;
    }
    fifo_drop(queue, (uint32_t)n);
    if (queue == &output->shim)
      output->uncredited += (uint32_t)n;
  }
  credit(launcher, output);
}
