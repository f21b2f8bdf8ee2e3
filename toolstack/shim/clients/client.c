// SPDX-License-Identifier: Apache-2.0
/* Creates, reads, detaches and closes the shim's clients. */
#include "main/shim.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shares/shares.h"

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

/* Closes broken clients and, once thawd has ended the shim, the clients that have received everything. */
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
    shares_forget(shim, client);
    close(client->fd);
    frame_reader_free(&client->reader);
    fifo_release(&client->replies);
    fifo_release(&client->out[0]);
    fifo_release(&client->out[1]);
    free(client);
    shim->client_count--;
  }
}
