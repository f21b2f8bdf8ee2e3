// SPDX-License-Identifier: Apache-2.0
/* Checks and handles frames of clients (launchers and thawd). Drops a client that breaks the protocol. */
#include "clients/requests.h"

#include "guest/guest_pause.h"
#include "shares/shares.h"

#define EXPECT_MAX 16384u

static bool is_attached(const struct client *client, const struct thaw_frame *frame) {
  return client->process != NULL && frame->id == client->process->id;
}

static enum frame_verdict client_head(void *ctx, const struct thaw_frame *frame) {
  struct client *client = ((void **)ctx)[1];
  bool ok = false, pieces = false;

  switch (frame->type) {
  case THAW_ATTACH:
    ok = frame->length == 0 && client->process == NULL &&
         (frame->arg & ~(uint32_t)(THAW_ATTACH_FEEDS | THAW_ATTACH_OWNS)) == 0;
    break;
  case THAW_EXPECT:
    ok = frame->length <= EXPECT_MAX;
    break;
  case THAW_INJECT:
    ok = frame->length <= EXPECT_MAX && frame->id >= 1 && frame->id <= THAW_LAYERS_MAX;
    break;
  case THAW_STATUS:
  case THAW_QUIT:
    ok = frame->length == 0;
    break;
  case THAW_PAUSE:
    ok = frame->length == 0 && frame->id == 0 && client->process == NULL && !client->pauses;
    break;
  case THAW_SHARE:
    ok = frame->length > sizeof(struct thaw_share) && frame->length <= SHARES_MESSAGE_MAX && client->process == NULL;
    break;
  case THAW_UNSHARE:
    ok = frame->length == 0 && client->process == NULL;
    break;
  case THAW_SAVE_FIDS:
    ok = frame->length <= EXPECT_MAX && client->process == NULL;
    break;
  case THAW_FORGET:
    ok = frame->length == 0 && client->process == NULL && frame->arg <= THAW_FORGET_UNDONE;
    break;
  case THAW_STREAM:
    pieces = ok = is_attached(client, frame) && frame->arg == THAW_STDIN && frame->length > 0 && !client->in_eof &&
                  frame->length <= client->in_credit;
    break;
  case THAW_EOF:
    ok = is_attached(client, frame) && frame->length == 0 && frame->arg <= THAW_STDERR;
    break;
  case THAW_CREDIT:
    ok = is_attached(client, frame) && frame->length == sizeof(uint32_t) &&
         (frame->arg == THAW_STDOUT || frame->arg == THAW_STDERR);
    break;
  case THAW_SIGNAL: /* thawd attaches to no process and may signal any */
    ok = (client->process == NULL || is_attached(client, frame)) && frame->length == 0 && frame->arg >= 1 &&
         frame->arg <= 64;
    break;
  case THAW_WINSIZE:
    ok = is_attached(client, frame) && frame->length == sizeof(struct thaw_winsize);
    break;
  case THAW_CGROUP_STATS:
    ok = is_attached(client, frame) && frame->length == 0 && frame->arg == 0;
    break;
  default:
    break;
  }
  if (!ok)
    note(NOTE_WARN, "Dropped a client: malformed frame (type 0x%x, process %u, arg %u, %u bytes)", frame->type,
         frame->id, frame->arg, frame->length);
  return !ok ? FRAME_BAD : pieces ? FRAME_PIECES : FRAME_GATHER;
}

static int client_piece(void *ctx, const struct thaw_frame *frame, const uint8_t *bytes, size_t n) {
  struct client *client = ((void **)ctx)[1];

  (void)frame;
  client->in_credit -= (uint32_t)n;
  if (client->process == NULL || client->process->in_eof)
    return 0; /* the process has ended, is lost or has another client: drop the input */
  return fifo_push(&client->process->in, bytes, (uint32_t)n, THAW_WINDOW);
}

static int client_whole(void *ctx, const struct thaw_frame *frame, const uint8_t *payload) {
  struct shim *shim = ((void **)ctx)[0];
  struct client *client = ((void **)ctx)[1];
  struct process *process = client->process;
  uint32_t credit;

  /* another client may have taken over the ended process since the frame's head */
  if (process == NULL && (frame->type == THAW_EOF || frame->type == THAW_CREDIT || frame->type == THAW_WINSIZE ||
                          frame->type == THAW_CGROUP_STATS))
    return 0;
  switch (frame->type) {
  case THAW_ATTACH:
    request_attach(shim, client, frame);
    return 0;
  case THAW_EXPECT:
    request_expect(shim, client, frame, payload);
    return 0;
  case THAW_INJECT:
    request_inject(shim, frame, payload);
    return 0;
  case THAW_STATUS:
    client->watches = true;
    status_reply(shim, client);
    return 0;
  case THAW_QUIT:
    shim->quit = true; /* the loop does the rest */
    return 0;
  case THAW_PAUSE:
    pause_request(shim, client);
    return 0;
  case THAW_SHARE:
    shares_start(shim, client, frame->id, payload, frame->length);
    return 0;
  case THAW_UNSHARE:
    shares_stop(shim, client, frame->id);
    return 0;
  case THAW_SAVE_FIDS:
    shares_snapshot(shim, client, frame->id, payload, frame->length);
    return 0;
  case THAW_FORGET:
    process = process_find(shim, frame->id);
    if (process != NULL)
      process_forget(shim, process, frame->arg);
    return 0;
  case THAW_EOF:
    if (frame->arg != THAW_STDIN) {
      if (client->came_first)
        process->out[frame->arg - THAW_STDOUT].unread = true;
      else
        client->unread[frame->arg - THAW_STDOUT] = true;
    } else if (client->feeds) {
      client->in_eof = true;
      process->in_eof = true;
    }
    return 0;
  case THAW_CREDIT:
    memcpy(&credit, payload, sizeof credit);
    return request_credit(client, frame->arg, credit);
  case THAW_SIGNAL:
    process = process_find(shim, frame->id);
    if (process == NULL)
      return 0;
    if (process->state == PROCESS_EXPECTED || process->state == PROCESS_STARTED)
      process->signals |= 1ull << (frame->arg - 1);
    return 0;
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

static const struct frame_sink client_sink = {.head = client_head, .piece = client_piece, .whole = client_whole};

int client_feed(struct shim *shim, struct client *client, const uint8_t *bytes, size_t n) {
  void *ctx[] = {shim, client};

  return frame_reader_feed(&client->reader, &client_sink, ctx, bytes, n);
}
