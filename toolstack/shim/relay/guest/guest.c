// SPDX-License-Identifier: Apache-2.0
/* Handles the agent's frames after guest_check.c has checked them: output to log and client, credit, ends. */
#include "relay/guest/guest_check.h"

#include "relay/guest/guest_pause.h"
#include "relay/logs/log.h"

#define READ_STEP 65536u /* as much as one frame may hold */
#define READS_PER_TURN 4

static int guest_piece(void *ctx, const struct thaw_frame *frame, const uint8_t *bytes, size_t n) {
  struct relay *relay = ctx;
  struct process *process = relay->guest_process;
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

static int guest_hello(struct relay *relay, const struct thaw_frame *untrusted, const uint8_t *payload) {
  struct thaw_hello untrusted_hello;

  memcpy(&untrusted_hello, payload, sizeof untrusted_hello);
  if (untrusted_hello.magic != THAW_PROTO_MAGIC || untrusted_hello.channel != 2)
    return guest_bad(relay, untrusted, "malformed hello");
  if (untrusted_hello.version != THAW_PROTO_VERSION) {
    relay_lost(relay, "protocol: the agent speaks version %u, thaw-shim %u", untrusted_hello.version,
               THAW_PROTO_VERSION);
    return -1;
  }
  relay->state = RELAY_UP;
  note(NOTE_INFO, "The agent is there (woke %u times)", untrusted_hello.wakes);
  for (struct client *client = relay->clients; client != NULL; client = client->next) {
    if (client->watches)
      status_reply(relay, client);
  }
  return 0;
}

static int guest_credit(struct relay *relay, struct process *process, const struct thaw_frame *frame,
                        uint32_t untrusted_credit) {
  struct client *client = process->client;
  uint32_t out = process->in_allowed + process->in.length;

  if (client != NULL && client->feeds)
    out += client->in_credit + client->in_grant;
  if (untrusted_credit > THAW_WINDOW || untrusted_credit + out > THAW_WINDOW)
    return guest_bad(relay, frame, "more credit than a window");
  if (client != NULL && client->feeds)
    client->in_grant += untrusted_credit;
  else
    process->in_allowed += untrusted_credit;
  return 0;
}

static int guest_whole(void *ctx, const struct thaw_frame *frame, const uint8_t *payload) {
  struct relay *relay = ctx;
  struct process *process;
  struct thaw_exit exit;
  uint32_t credit;

  if (frame->type == THAW_HELLO)
    return guest_hello(relay, frame, payload);
  if (frame->type == THAW_LEAVE) {
    relay->pause = PAUSE_OVER;
    return 0;
  }
  process = process_find(relay, frame->id);
  switch (frame->type) {
  case THAW_EOF:
    process->out[frame->arg - THAW_STDOUT].eof = true;
    if (process->log != NULL)
      log_end(process->log, frame->arg);
    return 0;
  case THAW_CREDIT:
    memcpy(&credit, payload, sizeof credit);
    return guest_credit(relay, process, frame, credit);
  case THAW_CGROUP_STATS:
    process->stats = STATS_NONE;
    if (process->client != NULL)
      client_reply(process->client, THAW_CGROUP_STATS, process->id, 0, payload, frame->length);
    return 0;
  case THAW_EXIT:
    memcpy(&exit, payload, sizeof exit);
    if (!(exit.kind == THAW_EXITED && exit.value <= 255) &&
        !(exit.kind == THAW_SIGNALED && exit.value >= 1 && exit.value <= 64))
      return guest_bad(relay, frame, "impossible exit");
    process_end(relay, process, &exit, frame->arg);
    return 0;
  default:
    return 0;
  }
}

static const struct frame_sink guest_sink = {.head = guest_head, .piece = guest_piece, .whole = guest_whole};

/* Takes bytes from the agent. Returns -1 if they end the sandbox. */
int guest_feed(struct relay *relay, const uint8_t *untrusted_bytes, size_t n) {
  if (frame_reader_feed(&relay->guest_reader, &guest_sink, relay, untrusted_bytes, n) == 0) {
    if (relay->pause == PAUSE_OVER)
      pause_close(relay);
    return 0;
  }
  relay_lost(relay, "no memory for a frame");
  return -1;
}

/* Reads a bounded part of the channel each turn, so that clients get their turn. *more_out: more may wait. */
void guest_read(struct relay *relay, bool *more_out) {
  static uint8_t untrusted_bytes[READ_STEP];

  *more_out = false;
  for (int i = 0; i < READS_PER_TURN && relay->state != RELAY_LOST; i++) {
    ssize_t n = relay->transport->ops->read(relay->transport, untrusted_bytes, sizeof untrusted_bytes);

    if (n == 0)
      return;
    if (n < 0) {
      relay_lost(relay, "agent closed the channel");
      return;
    }
    relay->busy = true;
    if (guest_feed(relay, untrusted_bytes, (size_t)n) != 0)
      return;
    if (relay->transport->fd < 0)
      return; /* the agent has left */
    for (struct client *client = relay->clients; client != NULL; client = client->next)
      client_send(relay, client);
    guest_send(relay);
  }
  *more_out = relay->state != RELAY_LOST;
}
