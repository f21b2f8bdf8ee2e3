// SPDX-License-Identifier: Apache-2.0
/* Answers ATTACH and EXPECT, and handles a client's CREDIT. */
#include "relay/clients/requests.h"

#include <string.h>

void request_attach(struct relay *relay, struct client *client, const struct thaw_frame *frame) {
  struct process *process = process_find(relay, frame->id);

  /* a client that has gone, or has received the process's end, has no claim on the process any more */
  if (process != NULL && process->client != NULL && (process->client->broken || process->client->end_sent))
    client_detach(process->client);
  if (process == NULL || process->client != NULL) {
    client_error(client, frame->id, process == NULL ? THAW_E_NOENT : THAW_E_BUSY,
                 process == NULL ? "Cannot attach: no such process" : "Cannot attach: another client is attached");
    return;
  }
  process->client = client;
  client->process = process;
  client->came_first = process->state == PROCESS_EXPECTED;
  client->unread[0] = client->unread[1] = false;
  client_reply(client, THAW_ATTACHED, process->id, process->flags, NULL, 0);
  client->owns = (frame->arg & THAW_ATTACH_OWNS) != 0;
  client->feeds =
      (frame->arg & THAW_ATTACH_FEEDS) != 0 && (process->flags & THAW_PROCESS_STDIN) != 0 && !process->in_eof;
  if (client->feeds) {
    client->in_grant = process->in_allowed;
    process->in_allowed = 0;
  }
}

void request_expect(struct relay *relay, struct client *client, const struct thaw_frame *frame,
                    const uint8_t *payload) {
  uint32_t error, files;
  const char *wrong;

  memcpy(&files, payload, sizeof files);
  wrong = process_expect(relay, frame->id, frame->arg, files, &error);
  if (wrong != NULL)
    client_error(client, frame->id, error, wrong);
  else
    client_reply(client, THAW_OK, frame->id, 0, NULL, 0);
}

int request_credit(struct client *client, uint32_t stream, uint32_t credit) {
  struct output *out = &client->process->out[stream - THAW_STDOUT];

  if (credit > out->unacked) {
    note(NOTE_WARN, "Dropped a client of process %u: it gave credit for bytes it was not sent", client->process->id);
    return -1;
  }
  out->unacked -= credit;
  out->owed += credit;
  return 0;
}
