// SPDX-License-Identifier: Apache-2.0
/*
 * What the agent may say on the data channel, and what becomes of it. The guest is hostile: every number is
 * checked in guest_head, before a byte of payload is taken; the first wrong one ends the sandbox.
 */
#include "shim.h"

#include "log.h"

#define HELLO_MAX 4096u
#define READ_STEP 65536u /* as much as one frame may hold */
#define READS_PER_TURN 4

static enum frame_verdict bad(struct shim *shim, const struct thaw_frame *untrusted, const char *what) {
  shim_lost(shim, "protocol: %s (type 0x%x, process %u, arg %u, %u bytes)", what, untrusted->type, untrusted->id,
            untrusted->arg, untrusted->length);
  return FRAME_BAD;
}

static enum frame_verdict guest_head_stream(struct shim *shim, struct process *process,
                                            const struct thaw_frame *untrusted) {
  if (untrusted->arg != THAW_STDOUT && untrusted->arg != THAW_STDERR)
    return bad(shim, untrusted, "no output stream");

  struct output *out = &process->out[untrusted->arg - THAW_STDOUT];

  if (out->eof)
    return bad(shim, untrusted, "output after its end");
  if (untrusted->type == THAW_EOF)
    return untrusted->length == 0 ? FRAME_GATHER : bad(shim, untrusted, "end of output with a payload");
  if (untrusted->length == 0 || untrusted->length > out->credit)
    return bad(shim, untrusted, "output without credit");
  out->credit -= untrusted->length;
  shim->guest_process = process;
  return FRAME_PIECES;
}

static enum frame_verdict guest_head(void *ctx, const struct thaw_frame *untrusted) {
  struct shim *shim = ctx;

  if (untrusted->length > THAW_DATA_MAX)
    return bad(shim, untrusted, "frame too long");
  if ((shim->state == SHIM_WAITING) != (untrusted->type == THAW_HELLO))
    return bad(shim, untrusted, shim->state == SHIM_WAITING ? "no hello" : "second hello");
  if (untrusted->type == THAW_HELLO)
    return untrusted->length >= sizeof(struct thaw_hello) && untrusted->length <= HELLO_MAX
               ? FRAME_GATHER
               : bad(shim, untrusted, "malformed hello");

  struct process *process = process_find(shim, untrusted->id);

  if (process == NULL)
    return bad(shim, untrusted, "unknown process");
  if (process->state == PROCESS_ENDED)
    return bad(shim, untrusted, "frame after the exit");
  switch (untrusted->type) {
  case THAW_STREAM:
  case THAW_EOF:
    return guest_head_stream(shim, process, untrusted);
  case THAW_CREDIT:
    if (untrusted->arg != THAW_STDIN || untrusted->length != sizeof(uint32_t))
      return bad(shim, untrusted, "malformed credit");
    return FRAME_GATHER;
  case THAW_EXIT:
    if (untrusted->length != sizeof(struct thaw_exit))
      return bad(shim, untrusted, "malformed exit");
    if (!process->out[0].eof || (!process->out[1].eof && !(process->flags & THAW_PROCESS_TTY)))
      return bad(shim, untrusted, "exit before the end of output");
    return FRAME_GATHER;
  default:
    return bad(shim, untrusted, "unknown frame");
  }
}

static int guest_piece(void *ctx, const struct thaw_frame *frame, const uint8_t *bytes, size_t n) {
  struct shim *shim = ctx;
  struct process *process = shim->guest_process;
  struct output *out = &process->out[frame->arg - THAW_STDOUT];
  struct client *client = process->client;

  if (process->log != NULL)
    log_write(process->log, frame->arg, bytes, n);
  if (client != NULL && !client->broken && !out->unread) {
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
    return bad(shim, untrusted, "malformed hello");
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
    return bad(shim, frame, "more credit than a window");
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
  process = process_find(shim, frame->id);
  if (process->state == PROCESS_EXPECTED)
    process->state = PROCESS_STARTED;
  switch (frame->type) {
  case THAW_EOF:
    process->out[frame->arg - THAW_STDOUT].eof = true;
    if (process->log != NULL)
      log_end(process->log, frame->arg);
    return 0;
  case THAW_CREDIT:
    memcpy(&credit, payload, sizeof credit);
    return guest_credit(shim, process, frame, credit);
  case THAW_EXIT:
    memcpy(&exit, payload, sizeof exit);
    if (!(exit.kind == THAW_EXITED && exit.value <= 255) &&
        !(exit.kind == THAW_SIGNALED && exit.value >= 1 && exit.value <= 64))
      return bad(shim, frame, "impossible exit");
    process_end(shim, process, &exit);
    return 0;
  default:
    return 0;
  }
}

static const struct frame_sink guest_sink = {.head = guest_head, .piece = guest_piece, .whole = guest_whole};

/* Takes bytes from the agent; -1 when the sandbox is lost by them. */
int guest_feed(struct shim *shim, const uint8_t *untrusted_bytes, size_t n) {
  if (frame_reader_feed(&shim->guest_reader, &guest_sink, shim, untrusted_bytes, n) == 0)
    return 0;
  shim_lost(shim, "no memory for a frame");
  return -1;
}

/* Reads what is there, a bounded part a turn so that clients get theirs; *more_out: there may be more. */
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
    for (struct client *client = shim->clients; client != NULL; client = client->next)
      client_send(shim, client);
    guest_send(shim);
  }
  *more_out = shim->state != SHIM_LOST;
}
