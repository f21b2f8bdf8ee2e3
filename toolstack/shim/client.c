// SPDX-License-Identifier: Apache-2.0
/* What clients (launchers and thawd) may say on the shim's socket. A client that breaks the protocol is dropped. */
#include "shim.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define EXPECT_MAX 16384u

static bool is_attached(const struct client *client, const struct thaw_frame *frame) {
  return client->process != NULL && frame->id == client->process->id;
}

static enum frame_verdict client_head(void *ctx, const struct thaw_frame *frame) {
  struct client *client = ((void **)ctx)[1];
  bool ok = false, pieces = false;

  switch (frame->type) {
  case THAW_ATTACH:
    ok = frame->length == 0 && client->process == NULL;
    break;
  case THAW_EXPECT:
    ok = frame->length <= EXPECT_MAX;
    break;
  case THAW_STATUS:
  case THAW_QUIT:
    ok = frame->length == 0;
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
  case THAW_SIGNAL:
    ok = is_attached(client, frame) && frame->length == 0 && frame->arg >= 1 && frame->arg <= 64;
    break;
  case THAW_WINSIZE:
    ok = is_attached(client, frame) && frame->length == sizeof(struct thaw_winsize);
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
  if (client->process->in_eof)
    return 0; /* ended or lost meanwhile: nobody is there to read it */
  return fifo_push(&client->process->in, bytes, (uint32_t)n, THAW_WINDOW);
}

static void client_attach(struct shim *shim, struct client *client, const struct thaw_frame *frame) {
  struct process *process = process_find(shim, frame->id);

  /* one that was told the end has no claim on the process any more */
  if (process != NULL && process->client != NULL && process->client->end_sent)
    client_detach(process->client);
  if (process == NULL || process->client != NULL) {
    client_error(client, frame->id, process == NULL ? THAW_E_NOENT : THAW_E_BUSY,
                 process == NULL ? "Cannot attach: no such process" : "Cannot attach: another client is attached");
    return;
  }
  process->client = client;
  client->process = process;
  client_reply(client, THAW_ATTACHED, process->id, process->flags, NULL, 0);
  client->feeds = (frame->arg & 1) != 0 && (process->flags & THAW_PROCESS_STDIN) != 0 && !process->in_eof;
  if (client->feeds) {
    client->in_grant = process->in_allowed;
    process->in_allowed = 0;
  }
}

static void client_expect(struct shim *shim, struct client *client, const struct thaw_frame *frame,
                          const uint8_t *payload) {
  struct fields fields = {payload, frame->length};
  char *log_path = fields_next_string(&fields), *status_path = fields_next_string(&fields);
  uint32_t error = THAW_E_MESSAGE;
  const char *wrong = NULL;

  if (log_path != NULL && *log_path == '\0') {
    free(log_path);
    log_path = NULL;
  } else if (log_path == NULL || *log_path != '/') {
    wrong = "Cannot expect the process: the log file has no absolute path";
  }
  if (frame->id == 0 || fields.left > 0 || status_path == NULL || *status_path != '/')
    wrong = "Cannot expect the process: malformed message";
  if (wrong != NULL) {
    free(log_path);
    free(status_path);
  } else {
    wrong = process_expect(shim, frame->id, frame->arg, log_path, status_path, &error);
  }
  if (wrong != NULL)
    client_error(client, frame->id, error, wrong);
  else
    client_reply(client, THAW_OK, frame->id, 0, NULL, 0);
}

static int client_credit(struct client *client, uint32_t stream, uint32_t credit) {
  struct output *out = &client->process->out[stream - THAW_STDOUT];

  if (credit > out->unacked) {
    note(NOTE_WARN, "Dropped a client of process %u: it gave credit for bytes it was not sent", client->process->id);
    return -1;
  }
  out->unacked -= credit;
  out->owed += credit;
  return 0;
}

static int client_whole(void *ctx, const struct thaw_frame *frame, const uint8_t *payload) {
  struct shim *shim = ((void **)ctx)[0];
  struct client *client = ((void **)ctx)[1];
  struct process *process = client->process;
  uint32_t credit;

  switch (frame->type) {
  case THAW_ATTACH:
    client_attach(shim, client, frame);
    return 0;
  case THAW_EXPECT:
    client_expect(shim, client, frame, payload);
    return 0;
  case THAW_STATUS:
    client->watches = true;
    status_reply(shim, client);
    return 0;
  case THAW_QUIT:
    shim_quit(shim);
    return 0;
  case THAW_EOF:
    if (frame->arg != THAW_STDIN) {
      process->out[frame->arg - THAW_STDOUT].unread = true;
    } else if (client->feeds) {
      client->in_eof = true;
      process->in_eof = true;
    }
    return 0;
  case THAW_CREDIT:
    memcpy(&credit, payload, sizeof credit);
    return client_credit(client, frame->arg, credit);
  case THAW_SIGNAL:
    if (process->state == PROCESS_EXPECTED || process->state == PROCESS_STARTED)
      process->signals |= 1ull << (frame->arg - 1);
    return 0;
  case THAW_WINSIZE:
    memcpy(&process->winsize, payload, sizeof process->winsize);
    process->winsize_due = (process->flags & THAW_PROCESS_TTY) != 0;
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

void client_read(struct shim *shim, struct client *client) {
  static uint8_t bytes[16384];
  ssize_t n = recv(client->fd, bytes, sizeof bytes, 0);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  shim->busy = true;
  if (n <= 0 || client_feed(shim, client, bytes, (size_t)n) != 0)
    client->broken = true;
}

struct client *client_new(struct shim *shim, int fd) {
  struct client *client = calloc(1, sizeof *client);

  if (client == NULL)
    return NULL;
  client->fd = fd;
  client->next = shim->clients;
  shim->clients = client;
  shim->client_count++;
  return client;
}

/* Leaves its process to itself: what the client had not acknowledged is the guest's to send again, and input ends. */
void client_detach(struct client *client) {
  struct process *process = client->process;

  if (process == NULL)
    return;
  for (unsigned i = 0; i < 2; i++) {
    process->out[i].owed += process->out[i].unacked;
    process->out[i].unacked = 0;
  }
  process->in_allowed += client->in_credit + client->in_grant;
  /* A terminal outlives who looks at it; a pipe whose writer is gone has ended. */
  if (client->feeds && !(process->flags & THAW_PROCESS_TTY))
    process->in_eof = true;
  process->client = NULL;
  client->process = NULL;
}

/* Closes the clients that are broken and, once thawd ended the shim, those that have been told everything. */
void client_sweep(struct shim *shim) {
  struct client **link = &shim->clients;

  while (*link != NULL) {
    struct client *client = *link;
    bool served = client->process == NULL || client->end_sent;

    if (!client->broken && !(shim->quit && served && sender_idle(&client->sender) && client->replies.length == 0)) {
      link = &client->next;
      continue;
    }
    *link = client->next;
    client_detach(client);
    close(client->fd);
    frame_reader_free(&client->reader);
    fifo_release(&client->replies);
    fifo_release(&client->out[0]);
    fifo_release(&client->out[1]);
    free(client);
    shim->client_count--;
  }
}
