// SPDX-License-Identifier: Apache-2.0
/* Handles the agent's frames after guest_check.c has checked them: output to log and client, credit, ends. */
#include "guest/guest_check.h"

#include "guest/guest_pause.h"
#include "logs/log.h"

#define READ_STEP 65536u /* as much as one frame may hold */
#define READS_PER_TURN 4

static int guest_piece(void *ctx, const struct thaw_frame *frame, const uint8_t *bytes, size_t n) {
  struct shim *shim = ctx;
  struct process *process = shim->guest_process;
  struct output *out = &process->out[frame->arg - THAW_STDOUT];
  struct client *client = process->client;

  if (process->log != NULL)
    log_write(process->log, frame->arg, bytes, n);
  if (client != NULL && !client->broken && !out->unread && !client->unread[frame->arg - THAW_STDOUT]) {
    if (fifo_push(&client->out[frame->arg - THAW_STDOUT], bytes, (uint32_t)n, THAW_WINDOW) == 0) {
      out->unacked += (uint32_t)n;
      return 0;
    }
    note(NOTE_ERROR, "Dropped a client of process %u: no memory for its output", process->id);
    client->broken = true;
  }
  out->owed += (uint32_t)n;
  return 0;
}

static int guest_hello(struct shim *shim, const struct thaw_frame *untrusted, const uint8_t *payload) {
  struct thaw_hello untrusted_hello;

  memcpy(&untrusted_hello, payload, sizeof untrusted_hello);
  if (untrusted_hello.magic != THAW_PROTO_MAGIC || untrusted_hello.channel != 2)
    return guest_bad(shim, untrusted, "malformed hello");
  if (untrusted_hello.version != THAW_PROTO_VERSION) {
    shim_lost(shim, "protocol: the agent speaks version %u, thaw-shim %u", untrusted_hello.version, THAW_PROTO_VERSION);
    return -1;
  }
  shim->state = SHIM_UP;
  note(NOTE_INFO, "The agent is there (woke %u times)", untrusted_hello.wakes);
  for (struct client *client = shim->clients; client != NULL; client = client->next) {
    if (client->watches)
      status_reply(shim, client);
  }
  return 0;
}

static int guest_credit(struct shim *shim, struct process *process, const struct thaw_frame *frame,
                        uint32_t untrusted_credit) {
  struct client *client = process->client;
  uint32_t out = process->in_allowed + process->in.length;

  if (client != NULL && client->feeds)
    out += client->in_credit + client->in_grant;
  if (untrusted_credit > THAW_WINDOW || untrusted_credit + out > THAW_WINDOW)
    return guest_bad(shim, frame, "more credit than a window");
  if (client != NULL && client->feeds)
    client->in_grant += untrusted_credit;
  else
    process->in_allowed += untrusted_credit;
  return 0;
}

static int guest_whole(void *ctx, const struct thaw_frame *frame, const uint8_t *payload) {
  struct shim *shim = ctx;
  struct process *process;
  struct thaw_exit exit;
  uint32_t credit;

  if (frame->type == THAW_HELLO)
    return guest_hello(shim, frame, payload);
  if (frame->type == THAW_LEAVE) {
    shim->pause = PAUSE_OVER;
    return 0;
  }
  process = process_find(shim, frame->id);
  switch (frame->type) {
  case THAW_EOF:
    process->out[frame->arg - THAW_STDOUT].eof = true;
    if (process->log != NULL)
      log_end(process->log, frame->arg);
    return 0;
  case THAW_CREDIT:
    memcpy(&credit, payload, sizeof credit);
    return guest_credit(shim, process, frame, credit);
  case THAW_CGROUP_STATS:
    process->stats = STATS_NONE;
    if (process->client != NULL)
      client_reply(process->client, THAW_CGROUP_STATS, process->id, 0, payload, frame->length);
    return 0;
  case THAW_EXIT:
    memcpy(&exit, payload, sizeof exit);
    if (!(exit.kind == THAW_EXITED && exit.value <= 255) &&
        !(exit.kind == THAW_SIGNALED && exit.value >= 1 && exit.value <= 64))
      return guest_bad(shim, frame, "impossible exit");
    process_end(shim, process, &exit, frame->arg);
    return 0;
  default:
    return 0;
  }
}

static const struct frame_sink guest_sink = {.head = guest_head, .piece = guest_piece, .whole = guest_whole};

/* Takes bytes from the agent. Returns -1 if they end the sandbox. */
int guest_feed(struct shim *shim, const uint8_t *untrusted_bytes, size_t n) {
  if (frame_reader_feed(&shim->guest_reader, &guest_sink, shim, untrusted_bytes, n) == 0) {
    if (shim->pause == PAUSE_OVER)
      pause_close(shim);
    return 0;
  }
  shim_lost(shim, "no memory for a frame");
  return -1;
}

/* Reads a bounded part of the channel each turn, so that clients get their turn. *more_out: more may wait. */
void guest_read(struct shim *shim, bool *more_out) {
  static uint8_t untrusted_bytes[READ_STEP];

  *more_out = false;
  for (int i = 0; i < READS_PER_TURN && shim->state != SHIM_LOST; i++) {
    ssize_t n = shim->transport->ops->read(shim->transport, untrusted_bytes, sizeof untrusted_bytes);

    if (n == 0)
      return;
    if (n < 0) {
      shim_lost(shim, "agent closed the channel");
      return;
    }
    shim->busy = true;
    if (guest_feed(shim, untrusted_bytes, (size_t)n) != 0)
      return;
    if (shim->transport->fd < 0)
      return; /* the agent has left */
    for (struct client *client = shim->clients; client != NULL; client = client->next)
      client_send(shim, client);
    guest_send(shim);
  }
  *more_out = shim->state != SHIM_LOST;
}
