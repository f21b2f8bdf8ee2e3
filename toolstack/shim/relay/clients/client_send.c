// SPDX-License-Identifier: Apache-2.0
/*
 * Sends frames to a client: answers first, then credit, output of both streams in turn, their ends, and the process's
 * end once all of its output is sent.
 */
#include "relay/relay.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "relay/to_monitor.h"

#define REPLIES_MAX 262144u

/* Queues a whole frame. A client that does not read its answers is dropped. */
void client_reply(struct client *client, uint32_t type, uint32_t id, uint32_t arg, const void *payload,
                  uint32_t length) {
  struct thaw_frame frame = {.length = length, .type = type, .id = id, .arg = arg};

  if (fifo_push(&client->replies, &frame, sizeof frame, REPLIES_MAX) != 0 ||
      fifo_push(&client->replies, payload, length, REPLIES_MAX) != 0)
    client->broken = true;
}

void client_error(struct client *client, uint32_t id, enum thaw_error error, const char *text) {
  client_reply(client, THAW_ERROR, id, error, text, (uint32_t)strlen(text));
}

static bool begin_output(struct client *client, unsigned i) {
  struct process *process = client->process;
  uint32_t side;

  if (client->out[i].length > 0) {
    fifo_peek(&client->out[i], &side);
    sender_stream(&client->sender, THAW_STREAM, process->id, THAW_STDOUT + i, &client->out[i],
                  side < THAW_DATA_MAX ? side : THAW_DATA_MAX);
    return true;
  }
  if (!process->out[i].eof || client->eof_sent[i])
    return false;
  client->eof_sent[i] = true;
  sender_small(&client->sender, THAW_EOF, process->id, THAW_STDOUT + i, NULL, 0);
  return true;
}

static bool begin_end(struct relay *relay, struct client *client) {
  struct process *process = client->process;

  if (client->end_sent || (process->state != PROCESS_ENDED && process->state != PROCESS_LOST))
    return false;
  client->end_sent = true;
  if (process->state == PROCESS_ENDED)
    sender_small(&client->sender, THAW_EXIT, process->id, process->oom_kills, &process->exit, sizeof process->exit);
  else if (!client->watches) /* else it has been told */
    client_reply(client, THAW_LOST, 0, 0, relay->lost, (uint32_t)strlen(relay->lost));
  return true;
}

/* Begins the next due frame; false when no frame is due. */
static bool begin(struct relay *relay, struct client *client) {
  struct sender *sender = &client->sender;

  if (client->replies.length > 0) {
    sender->small_length = sender->small_sent = 0;
    sender->body = &client->replies;
    sender->body_left = client->replies.length;
    return true;
  }
  if (client->process == NULL)
    return false;
  if (client->in_grant > 0) {
    sender_small(sender, THAW_CREDIT, client->process->id, THAW_STDIN, &client->in_grant, sizeof client->in_grant);
    client->in_credit += client->in_grant;
    client->in_grant = 0;
    return true;
  }
  client->turn ^= 1;
  return begin_output(client, client->turn) || begin_output(client, client->turn ^ 1) || begin_end(relay, client);
}

static ssize_t write_some(void *ctx, const void *bytes, size_t n) {
  struct client *client = ctx;
  ssize_t sent;

  if (client->fd < 0) {
    n = n < MESSAGE_MAX ? n : MESSAGE_MAX;
    tell_monitor(MESSAGE_REPLY, client->peer, 0, bytes, (uint32_t)n);
    return (ssize_t)n;
  }
  sent = send(client->fd, bytes, n, MSG_NOSIGNAL);

  if (sent >= 0)
    return sent;
  return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

/* Sends due frames until the socket is full or no frame is left. */
void client_send(struct relay *relay, struct client *client) {
  while (!client->broken && !client->blocked && (!sender_idle(&client->sender) || begin(relay, client))) {
    int rc = sender_flush(&client->sender, write_some, client);

    client->blocked = rc == 0;
    if (rc < 0)
      client->broken = true;
    if (rc <= 0)
      return;
  }
}
