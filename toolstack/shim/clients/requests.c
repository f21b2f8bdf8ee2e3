// SPDX-License-Identifier: Apache-2.0
/* Answers ATTACH and EXPECT, and handles INJECT and a client's CREDIT. */
#include "clients/requests.h"

#include "guest/layer.h"

#include <stdlib.h>

void request_attach(struct shim *shim, struct client *client, const struct thaw_frame *frame) {
  struct process *process = process_find(shim, frame->id);

  /* a client that has received the process's end has no claim on the process any more */
  if (process != NULL && process->client != NULL && process->client->end_sent)
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

void request_expect(struct shim *shim, struct client *client, const struct thaw_frame *frame, const uint8_t *payload) {
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
  if (status_path != NULL && *status_path == '\0' && log_path == NULL) {
    free(status_path);
    status_path = NULL;
  } else if (status_path == NULL || *status_path != '/') {
    wrong = "Cannot expect the process: the status file has no absolute path";
  }
  if (frame->id == 0 || fields.left > 0)
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

/* Sends no answer: the layer's mount in the guest shows the result, and an unreadable file ends the sandbox. */
void request_inject(struct shim *shim, const struct thaw_frame *frame, const uint8_t *payload) {
  struct fields fields = {payload, frame->length};
  char *path = fields_next_string(&fields);

  if (path == NULL || *path != '/' || fields.left > 0)
    shim_lost(shim, "cannot read layer %u: malformed message", frame->id);
  else
    layer_add(shim, frame->id, path);
  free(path);
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
