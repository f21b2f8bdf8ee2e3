// SPDX-License-Identifier: Apache-2.0
/* Attaches the launcher to a process through its shim: receives its output and its exit status. */
#include <errno.h>
#include <string.h>

#include "main/launcher.h"
#include "stand-in/stats.h"

static void ended(struct launcher *launcher, enum process_state state, int status) {
  launcher->state = state;
  launcher->status = status;
  launcher->ended_ms = clock_ms();
  launcher->in_eof = true;
  terminal_restore();
}

void attach_begin(struct launcher *launcher, const char *path) {
  bool feeds = (launcher->flags & THAW_PROCESS_STDIN) != 0;

  if (connection_open(&launcher->shim, path) != 0) {
    say("Cannot reach the sandbox's shim at %s: %s", path, strerror(errno));
    ended(launcher, PROCESS_LOST, EXIT_TOOLSTACK);
    connection_close(&launcher->thawd); /* tells thawd that no launcher joined: thawd undoes the start */
    return;
  }
  launcher->state = PROCESS_JOINING;
  launcher->in_eof = !feeds;
  connection_put(&launcher->shim, THAW_ATTACH, launcher->process,
                 (feeds ? THAW_ATTACH_FEEDS : 0) | (launcher->stand_in != 0 ? THAW_ATTACH_OWNS : 0), NULL, 0);
}

/* Call when the shim's connection has ended. */
void attach_lost(struct launcher *launcher) {
  connection_close(&launcher->shim);
  if (launcher->state == PROCESS_JOINING || launcher->state == PROCESS_ATTACHED)
    ended(launcher, PROCESS_DISCONNECTED, EXIT_TOOLSTACK);
}

void attach_winsize(struct launcher *launcher) {
  struct thaw_winsize winsize;

  if (launcher->state == PROCESS_ATTACHED && (launcher->flags & THAW_PROCESS_TTY) != 0 && terminal_size(&winsize))
    connection_put(&launcher->shim, THAW_WINSIZE, launcher->process, 0, &winsize, sizeof winsize);
}

/* The process keeps running: its terminal outlives an attached launcher. */
void attach_detach(struct launcher *launcher) {
  ended(launcher, PROCESS_ENDED, 0);
  connection_close(&launcher->shim);
  connection_close(&launcher->thawd);
}

static void attached(struct launcher *launcher) {
  launcher->state = PROCESS_ATTACHED;
  if ((launcher->flags & THAW_PROCESS_TTY) != 0 && !launcher->in_eof)
    terminal_raw();
  attach_winsize(launcher);
  for (uint32_t i = 0; i < 2; i++) {
    if (launcher->out[i].closed)
      connection_put(&launcher->shim, THAW_EOF, launcher->process, THAW_STDOUT + i, NULL, 0);
  }
  signals_forward(launcher);
  stand_in_tell(launcher, "");
  connection_put(&launcher->thawd, THAW_JOINED, launcher->process, 0, NULL, 0);
}

static enum frame_verdict attach_head(void *ctx, const struct thaw_frame *frame) {
  struct launcher *launcher = ctx;
  bool output = frame->arg == THAW_STDOUT || frame->arg == THAW_STDERR;
  bool mine = launcher->state == PROCESS_ATTACHED && frame->id == launcher->process;

  if (frame->length > THAW_DATA_MAX)
    return FRAME_BAD;
  switch (frame->type) {
  case THAW_ATTACHED:
    return launcher->state == PROCESS_JOINING && frame->length == 0 ? FRAME_GATHER : FRAME_BAD;
  case THAW_ERROR:
    return launcher->state == PROCESS_JOINING ? FRAME_GATHER : FRAME_BAD;
  case THAW_STREAM:
    return mine && output ? FRAME_PIECES : FRAME_BAD;
  case THAW_EOF:
    return mine && output && frame->length == 0 ? FRAME_GATHER : FRAME_BAD;
  case THAW_CREDIT:
    return mine && frame->arg == THAW_STDIN && frame->length == sizeof(uint32_t) ? FRAME_GATHER : FRAME_BAD;
  case THAW_CGROUP_STATS:
    return mine && frame->arg == 0 ? FRAME_GATHER : FRAME_BAD;
  case THAW_EXIT:
    return mine && frame->length == sizeof(struct thaw_exit) ? FRAME_GATHER : FRAME_BAD;
  case THAW_LOST:
    return launcher->state == PROCESS_ATTACHED ? FRAME_GATHER : FRAME_BAD;
  default:
    return FRAME_BAD;
  }
}

static int attach_piece(void *ctx, const struct thaw_frame *frame, const uint8_t *bytes, size_t n) {
  struct launcher *launcher = ctx;
  struct output *output = &launcher->out[frame->arg - THAW_STDOUT];

  launcher->heard = true;
  if (output->closed) {
    output->uncredited += (uint32_t)n;
    return 0;
  }
  return fifo_push(&output->shim, bytes, (uint32_t)n, THAW_WINDOW);
}

static int attach_whole(void *ctx, const struct thaw_frame *frame, const uint8_t *payload) {
  struct launcher *launcher = ctx;
  struct thaw_exit exit;
  uint32_t credit;

  launcher->heard |= frame->type != THAW_ATTACHED;
  switch (frame->type) {
  case THAW_ATTACHED:
    launcher->flags = frame->arg;
    attached(launcher);
    return 0;
  case THAW_ERROR:
    say("%.*s", (int)frame->length, (const char *)payload);
    ended(launcher, PROCESS_LOST, EXIT_TOOLSTACK);
    connection_close(&launcher->thawd);
    return 0;
  case THAW_EOF:
    launcher->out[frame->arg - THAW_STDOUT].eof = true;
    return 0;
  case THAW_CREDIT:
    memcpy(&credit, payload, sizeof credit);
    if (credit > THAW_WINDOW || launcher->in_credit + credit > THAW_WINDOW)
      return -1;
    launcher->in_credit += credit;
    return 0;
  case THAW_CGROUP_STATS:
    stats_receive(launcher, payload, frame->length);
    return 0;
  case THAW_EXIT:
    memcpy(&exit, payload, sizeof exit);
    launcher->oom_kills = frame->arg;
    launcher->signal = exit.kind == THAW_SIGNALED ? (int)exit.value : 0;
    ended(launcher, PROCESS_ENDED, exit.kind == THAW_EXITED ? (int)exit.value : 128 + (int)exit.value);
    return 0;
  case THAW_LOST:
    ended(launcher, PROCESS_LOST, EXIT_TOOLSTACK);
    say("Lost the container: %.*s", (int)frame->length, (const char *)payload);
    return 0;
  default:
    return 0;
  }
}

const struct frame_sink attach_sink = {.head = attach_head, .piece = attach_piece, .whole = attach_whole};
