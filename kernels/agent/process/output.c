// SPDX-License-Identifier: Apache-2.0
/* Reads a process's output within its credit, and detects the output's end. */
#include "process/output.h"

#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Most output that is read from a terminal after its process's death: a surviving process could write for ever. */
#define TERMINAL_LEFTOVER_BYTES 262144u

static void on_ready(struct agent_source *source, short revents) {
  struct agent_output *output = source->owner;

  (void)revents;
  output->is_ready = true;
  source->events = 0;
}

void agent_output_init(struct agent_output *output, struct agent_process *process, uint32_t stream) {
  output->process = process;
  output->stream = stream;
  output->credit = THAW_WINDOW;
  output->source = (struct agent_source){.fd = -1, .ready = on_ready, .owner = output};
  if (stream == THAW_STDERR && process->flags & THAW_PROCESS_TTY)
    output->has_ended = output->is_eof_sent = true;
  agent_loop_add(&output->source);
}

void agent_output_close(struct agent_output *output) {
  agent_loop_remove(&output->source);
  if (output->source.fd >= 0 && output->source.fd != output->process->terminal)
    close(output->source.fd);
  output->source.fd = -1;
  output->has_ended = true;
}

void agent_output_renew(struct agent_output *output) {
  static uint8_t dropped[4096];

  output->credit = THAW_WINDOW;
  output->is_eof_sent = false;
  output->is_ready = true;
  /* the writer is stopped, so this loop ends; the next read of the stream shows an end of file */
  while (!output->has_ended && read(output->source.fd, dropped, sizeof dropped) > 0)
    ;
}

bool agent_output_credit(struct agent_output *output, uint32_t bytes) {
  if (bytes > INT32_MAX - output->credit)
    return false;
  output->credit += bytes;
  output->is_ready = true;
  agent_loop_again();
  return true;
}

void agent_output_limit(struct agent_output *output) {
  int bytes = 0;

  if (output->has_ended)
    return;
  output->is_limited = true;
  if (output->process->terminal >= 0)
    output->remaining = TERMINAL_LEFTOVER_BYTES;
  else if (ioctl(output->source.fd, FIONREAD, &bytes) == 0 && bytes > 0)
    output->remaining = (uint32_t)bytes;
  if (output->remaining == 0)
    agent_output_close(output);
}

size_t agent_output_read(struct agent_output *output, void *data, size_t size) {
  ssize_t got;

  if (output->has_ended || !output->is_ready || output->credit == 0)
    return 0;
  if (size > output->credit)
    size = output->credit;
  if (output->is_limited && size > output->remaining)
    size = output->remaining;
  got = read(output->source.fd, data, size);
  if (got < 0 && errno == EINTR) {
    agent_loop_again();
    return 0;
  }
  if (got < 0 && errno == EAGAIN && !output->is_limited) {
    output->is_ready = false;
    output->source.events = POLLIN;
    return 0;
  }
  if (got <= 0) { /* end of file; EIO: the terminal's other side is closed */
    agent_output_close(output);
    return 0;
  }
  output->credit -= (uint32_t)got;
  if (output->is_limited && (output->remaining -= (uint32_t)got) == 0)
    agent_output_close(output);
  return (size_t)got;
}
