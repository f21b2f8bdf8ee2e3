// SPDX-License-Identifier: Apache-2.0
/* Handles thawd's frames: output to write, a process to join, the end of the command. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "main/launcher.h"

static enum frame_verdict control_head(void *ctx, const struct thaw_frame *frame) {
  struct launcher *launcher = ctx;

  launcher->answered = launcher->taken = true;
  if (frame->length > THAW_CONTROL_MAX || launcher->done)
    return FRAME_BAD;
  switch (frame->type) {
  case THAW_OUTPUT:
    return frame->arg == THAW_STDOUT || frame->arg == THAW_STDERR ? FRAME_PIECES : FRAME_BAD;
  case THAW_JOIN:
    return launcher->state == PROCESS_NONE && frame->id != 0 && frame->length <= 4096 ? FRAME_GATHER : FRAME_BAD;
  case THAW_STAND_IN:
    return launcher->state == PROCESS_NONE && frame->id != 0 && frame->length <= 16384 ? FRAME_GATHER : FRAME_BAD;
  case THAW_DONE:
    return frame->length == 0 && frame->arg <= 255 ? FRAME_GATHER : FRAME_BAD;
  default:
    return FRAME_BAD;
  }
}

static int control_piece(void *ctx, const struct thaw_frame *frame, const uint8_t *bytes, size_t n) {
  struct launcher *launcher = ctx;
  struct output *output = &launcher->out[frame->arg - THAW_STDOUT];

  return output->closed ? 0 : fifo_push(&output->thawd, bytes, (uint32_t)n, 2 * THAW_WINDOW);
}

static int control_whole(void *ctx, const struct thaw_frame *frame, const uint8_t *payload) {
  struct launcher *launcher = ctx;
  struct fields fields = {payload, frame->length};
  const uint8_t *keys;
  uint32_t length;
  char *path;

  switch (frame->type) {
  case THAW_JOIN:
    path = fields_next_string(&fields);
    if (path == NULL)
      return -1;
    if (fields_next(&fields, &keys, &length) && length <= DETACH_MAX) {
      memcpy(launcher->detach, keys, length);
      launcher->detach_length = length;
    }
    launcher->process = frame->id;
    launcher->flags = frame->arg;
    launcher->is_part = (frame->arg & THAW_PROCESS_PART) != 0;
    attach_begin(launcher, path);
    free(path);
    return 0;
  case THAW_STAND_IN:
    launcher->process = frame->id;
    launcher->flags = frame->arg;
    return stand_in_begin(launcher, &fields);
  case THAW_DONE:
    launcher->done = true;
    launcher->done_status = (int)frame->arg;
    return 0;
  default:
    return 0;
  }
}

const struct frame_sink control_sink = {.head = control_head, .piece = control_piece, .whole = control_whole};

/* The shim alone serves a joined process: losing thawd then matters only if the command continues after it. */
void control_lost(struct launcher *launcher) {
  connection_close(&launcher->thawd);
  if (launcher->done || (launcher->state != PROCESS_NONE && !launcher->is_part))
    return;
  terminal_restore();
  /* thawd never began an unread request, even if the kernel's count of unread bytes suggested otherwise. */
  launcher->thawd.unread = launcher->thawd.unread && !launcher->answered && !launcher->cancelled;
  if (launcher->thawd.unread)
    launcher->taken = false;
  launcher->take_error = launcher->taken ? 0 : ECONNRESET;
  if (launcher->taken)
    say(LOST_THAWD);
}
