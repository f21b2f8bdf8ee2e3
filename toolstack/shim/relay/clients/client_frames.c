// SPDX-License-Identifier: Apache-2.0
/* Checks and handles frames of clients (launchers and thawd). Drops a client that breaks the protocol. */
#include "relay/clients/requests.h"

#include "relay/guest/guest_pause.h"

static bool is_attached(const struct client *client, const struct thaw_frame *frame) {
  return client->process != NULL && frame->id == client->process->id;
}

/* Checks the head of a frame of a process's streams, signals and stats. */
static bool is_process_head_valid(const struct client *client, const struct thaw_frame *frame) {
  /* thawd attaches to no process and may signal any */
  if (!is_attached(client, frame) && !(frame->type == THAW_SIGNAL && client->process == NULL))
    return false;
  switch (frame->type) {
  case THAW_STREAM:
    return frame->arg == THAW_STDIN && frame->length > 0 && !client->in_eof && frame->length <= client->in_credit;
  case THAW_EOF:
    return frame->length == 0 && frame->arg <= THAW_STDERR;
  case THAW_CREDIT:
    return frame->length == sizeof(uint32_t) && (frame->arg == THAW_STDOUT || frame->arg == THAW_STDERR);
  case THAW_SIGNAL:
    return frame->length == 0 && frame->arg >= 1 && frame->arg <= 64;
  case THAW_WINSIZE:
    return frame->length == sizeof(struct thaw_winsize);
  case THAW_CGROUP_STATS:
    return frame->length == 0 && frame->arg == 0;
  default:
    return false;
  }
}

static bool is_head_valid(const struct client *client, const struct thaw_frame *frame) {
  switch (frame->type) {
  case THAW_ATTACH:
    return frame->length == 0 && client->process == NULL &&
           (frame->arg & ~(uint32_t)(THAW_ATTACH_FEEDS | THAW_ATTACH_OWNS)) == 0;
  case THAW_EXPECT: /* the monitor has put this in place of paths */
    return frame->length == sizeof(uint32_t) && frame->id != 0 && client->fd < 0;
  case THAW_STATUS:
    return frame->length == 0;
  case THAW_PAUSE:
    return frame->length == 0 && frame->id == 0 && client->process == NULL && !client->pauses;
  case THAW_FORGET:
    return frame->length == 0 && client->process == NULL && frame->arg <= THAW_FORGET_UNDONE;
  default:
    return is_process_head_valid(client, frame);
  }
}

static enum frame_verdict client_head(void *ctx, const struct thaw_frame *frame) {
  const struct client *client = ((void **)ctx)[1];

  if (is_head_valid(client, frame))
    return frame->type == THAW_STREAM ? FRAME_PIECES : FRAME_GATHER;
  note(NOTE_WARN, "Dropped a client: malformed frame (type 0x%x, process %u, arg %u, %u bytes)", frame->type, frame->id,
       frame->arg, frame->length);
  return FRAME_BAD;
}

static int client_piece(void *ctx, const struct thaw_frame *frame, const uint8_t *bytes, size_t n) {
  struct client *client = ((void **)ctx)[1];

  (void)frame;
  client->in_credit -= (uint32_t)n;
  if (client->process == NULL || client->process->in_eof)
    return 0; /* the process has ended, is lost or has another client: drop the input */
  return fifo_push(&client->process->in, bytes, (uint32_t)n, THAW_WINDOW);
}

static void end_stream(struct client *client, struct process *process, uint32_t stream) {
  if (stream == THAW_STDIN && client->feeds) {
    client->in_eof = true;
    process->in_eof = true;
  } else if (stream != THAW_STDIN && client->came_first) {
    process->out[stream - THAW_STDOUT].unread = true;
  } else if (stream != THAW_STDIN) {
    client->unread[stream - THAW_STDOUT] = true;
  }
}

/* Handles a frame for the client's process, or for none if another client has taken over the ended process since the
 * frame's head. */
static int process_whole(struct client *client, const struct thaw_frame *frame, const uint8_t *payload) {
  struct process *process = client->process;
  uint32_t credit;

  if (process == NULL)
    return 0;
  switch (frame->type) {
  case THAW_EOF:
    end_stream(client, process, frame->arg);
    return 0;
  case THAW_CREDIT:
    memcpy(&credit, payload, sizeof credit);
    return request_credit(client, frame->arg, credit);
  case THAW_WINSIZE:
    memcpy(&process->winsize, payload, sizeof process->winsize);
    process->winsize_due = (process->flags & THAW_PROCESS_TTY) != 0;
    return 0;
  case THAW_CGROUP_STATS:
    if (process->stats == STATS_NONE)
      process->stats = STATS_DUE;
    return 0;
  default:
    return 0;
  }
}

static int client_whole(void *ctx, const struct thaw_frame *frame, const uint8_t *payload) {
  struct relay *relay = ((void **)ctx)[0];
  struct client *client = ((void **)ctx)[1];
  struct process *process;

  switch (frame->type) {
  case THAW_ATTACH:
    request_attach(relay, client, frame);
    return 0;
  case THAW_EXPECT:
    request_expect(relay, client, frame, payload);
    return 0;
  case THAW_STATUS:
    client->watches = true;
    status_reply(relay, client);
    return 0;
  case THAW_PAUSE:
    pause_request(relay, client);
    return 0;
  case THAW_FORGET:
    process = process_find(relay, frame->id);
    if (process != NULL)
      process_forget(relay, process, frame->arg);
    return 0;
  case THAW_SIGNAL:
    process = process_find(relay, frame->id);
    if (process != NULL && (process->state == PROCESS_EXPECTED || process->state == PROCESS_STARTED))
      process->signals |= 1ull << (frame->arg - 1);
    return 0;
  default:
    return process_whole(client, frame, payload);
  }
}

static const struct frame_sink client_sink = {.head = client_head, .piece = client_piece, .whole = client_whole};

int client_feed(struct relay *relay, struct client *client, const uint8_t *bytes, size_t n) {
  void *ctx[] = {relay, client};

  return frame_reader_feed(&client->reader, &client_sink, ctx, bytes, n);
}
