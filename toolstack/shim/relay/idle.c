// SPDX-License-Identifier: Apache-2.0
/* Releases an idle relay's memory: a host runs a thousand idle relays for hours. */
#include "relay/relay.h"

#include <malloc.h>

static void release_empty(struct fifo *fifo) {
  if (fifo->length == 0)
    fifo_release(fifo);
}

/* Frees the memory of empty queues. A queue with a frame in sending is never empty. */
void idle_release(struct relay *relay) {
  for (struct process *process = relay->processes; process != NULL; process = process->next)
    release_empty(&process->in);
  for (struct client *client = relay->clients; client != NULL; client = client->next) {
    release_empty(&client->replies);
    release_empty(&client->out[0]);
    release_empty(&client->out[1]);
  }
  malloc_trim(0);
}
