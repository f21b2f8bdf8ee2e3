// SPDX-License-Identifier: Apache-2.0
/* Creates, reads, detaches and closes clients. */
#include "relay/relay.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "relay/to_monitor.h"

void client_read(struct relay *relay, struct client *client) {
  static uint8_t bytes[16384];
  ssize_t n = recv(client->fd, bytes, sizeof bytes, 0);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  relay->busy = true;
  if (n <= 0 || client_feed(relay, client, bytes, (size_t)n) != 0)
    client->broken = true;
}

struct client *client_of_peer(struct relay *relay, uint32_t peer) {
  struct client *client = relay->clients;

  while (client != NULL && client->peer != peer)
    client = client->next;
  return client;
}

struct client *client_new(struct relay *relay, int fd, uint32_t peer) {
  struct client *client = calloc(1, sizeof *client);

  if (client == NULL)
    return NULL;
  client->fd = fd;
  client->peer = peer;
  client->next = relay->clients;
  relay->clients = client;
  relay->client_count++;
  return client;
}

/* Detaches the client from its process: grants the guest credit for unacknowledged output, and ends piped input. */
void client_detach(struct client *client) {
  struct process *process = client->process;

  if (process == NULL)
    return;
  if (client->owns && (process->state == PROCESS_EXPECTED || process->state == PROCESS_STARTED))
    process->signals |= 1ull << (SIGKILL - 1);
  for (unsigned i = 0; i < 2; i++) {
    process->out[i].owed += process->out[i].unacked;
    process->out[i].unacked = 0;
  }
  process->in_allowed += client->in_credit + client->in_grant;
  /* A terminal outlives its viewers; a pipe whose writer is gone has ended. */
  if (client->feeds && !(process->flags & THAW_PROCESS_TTY))
    process->in_eof = true;
  process->client = NULL;
  client->process = NULL;
}

/* Closes broken clients and, once thawd has ended the relay, the clients that have received everything. */
void client_sweep(struct relay *relay) {
  struct client **link = &relay->clients;

  while (*link != NULL) {
    struct client *client = *link;
    bool served = client->process == NULL || client->end_sent;

    if (!client->broken && !(relay->quit && served && sender_idle(&client->sender) && client->replies.length == 0)) {
      link = &client->next;
      continue;
    }
    *link = client->next;
    client_detach(client);
    if (client->fd >= 0)
      close(client->fd);
    else
      tell_monitor(MESSAGE_DROP, client->peer, 0, NULL, 0);
    frame_reader_free(&client->reader);
    fifo_release(&client->replies);
    fifo_release(&client->out[0]);
    fifo_release(&client->out[1]);
    free(client);
    relay->client_count--;
  }
}
