// SPDX-License-Identifier: Apache-2.0
/* Feeds stdin to a process, which may read late or never. */
#define _GNU_SOURCE
#include "process/input.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static void on_ready(struct agent_source *source, short revents) {
  (void)revents;
  agent_input_pump(source->owner);
}

bool agent_input_init(struct agent_input *input, struct agent_process *process) {
  input->process = process;
  input->source = (struct agent_source){.fd = -1, .ready = on_ready, .owner = input};
  if (!(process->flags & THAW_PROCESS_STDIN)) {
    input->is_closed = true;
    return true;
  }
  input->grant = THAW_WINDOW;
  input->buffer = malloc(THAW_WINDOW);
  if (!input->buffer)
    return false;
  agent_loop_add(&input->source);
  return true;
}

void agent_input_close(struct agent_input *input) {
  agent_loop_remove(&input->source);
  if (input->source.fd >= 0 && input->source.fd != input->process->terminal)
    close(input->source.fd);
  input->source.fd = -1;
  input->is_closed = true;
  input->grant += input->end - input->start;
  input->start = input->end = 0;
}

void agent_input_renew(struct agent_input *input) {
  agent_input_close(input);
  input->allowed = input->grant = 0;
  input->is_announced = input->is_eof = false;
}

/* A terminal cannot be closed on one side: sends the end-of-file character of its line discipline instead. */
static void end_terminal(struct agent_input *input) {
  struct termios mode;

  if (tcgetattr(input->source.fd, &mode) == 0 && mode.c_lflag & ICANON)
    if (write(input->source.fd, &mode.c_cc[VEOF], 1) < 0 && errno == EAGAIN)
      return;
  agent_input_close(input);
}

void agent_input_pump(struct agent_input *input) {
  if (input->source.fd < 0)
    return;
  while (input->start < input->end) {
    ssize_t put = write(input->source.fd, input->buffer + input->start, input->end - input->start);

    if (put < 0 && errno == EINTR)
      continue;
    if (put < 0 && errno != EAGAIN) {
      agent_input_close(input);
      return;
    }
    if (put <= 0)
      break;
    input->start += (uint32_t)put;
    input->grant += (uint32_t)put;
  }
  if (input->start == input->end) {
    input->start = input->end = 0;
    if (input->is_eof && input->source.fd == input->process->terminal)
      end_terminal(input);
    else if (input->is_eof)
      agent_input_close(input);
  }
  input->source.events = input->start < input->end || input->is_eof ? POLLOUT : 0;
}

bool agent_input_take(struct agent_input *input, const uint8_t *bytes, uint32_t length) {
  if (length > input->allowed || input->is_eof)
    return false;
  input->allowed -= length;
  if (input->is_closed) {
    input->grant += length;
    return true;
  }
  if (length > THAW_WINDOW - input->end) {
    memmove(input->buffer, input->buffer + input->start, input->end - input->start);
    input->end -= input->start;
    input->start = 0;
  }
  memcpy(input->buffer + input->end, bytes, length);
  input->end += length;
  agent_input_pump(input);
  return true;
}

bool agent_input_eof(struct agent_input *input) {
  if (input->is_eof)
    return false;
  input->is_eof = true;
  agent_input_pump(input);
  return true;
}

bool agent_input_grant(struct agent_input *input, uint32_t *grant_out) {
  /* in quarters of a window: a waiting sender is owed less than that only until the process reads on */
  if (input->is_announced && (input->is_eof || input->grant < THAW_WINDOW / 4))
    return false;
  input->is_announced = true;
  *grant_out = input->grant;
  input->allowed += input->grant;
  input->grant = 0;
  return true;
}
