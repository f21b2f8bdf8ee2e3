// SPDX-License-Identifier: Apache-2.0
/*
 * Disconnects the shim from the agent while the domain is copied. Each side sends LEAVE after its last frame. So no
 * frame is under way when the channel closes, and both sides agree on every credit count when it opens again.
 */
#include "guest/guest_pause.h"

#include "guest/guest_check.h"

void pause_request(struct shim *shim, struct client *client) {
  if (shim->state != SHIM_UP || shim->pause != PAUSE_NONE || shim->layers != NULL) {
    client_error(client, 0, shim->state == SHIM_LOST ? THAW_E_STATE : THAW_E_BUSY,
                 shim->state == SHIM_LOST ? shim->lost : "Cannot pause: the channel to the agent is not at rest");
    return;
  }
  shim->pause = PAUSE_DUE;
  client->pauses = true;
}

bool pause_send(struct shim *shim, sender_write write_some, void *ctx) {
  struct sender *sender = &shim->guest_sender;

  if (shim->pause == PAUSE_NONE)
    return false;
  if (sender_flush(sender, write_some, ctx) <= 0 || shim->pause != PAUSE_DUE)
    return true;
  shim->pause = PAUSE_SENT;
  sender_small(sender, THAW_LEAVE, 0, 0, NULL, 0);
  sender_flush(sender, write_some, ctx);
  return true;
}

enum frame_verdict pause_head(struct shim *shim, const struct thaw_frame *untrusted) {
  if (shim->pause != PAUSE_SENT || !sender_idle(&shim->guest_sender))
    return guest_bad(shim, untrusted, "leave that the shim did not ask for");
  if (untrusted->id != 0 || untrusted->arg != 0 || untrusted->length != 0)
    return guest_bad(shim, untrusted, "malformed leave");
  return FRAME_GATHER;
}

void pause_close(struct shim *shim) {
  shim->transport->ops->close(shim->transport);
  shim->transport->blocked = false;
  shim->state = SHIM_WAITING;
  shim->pause = PAUSE_NONE;
  shim->returns = true;
  note(NOTE_INFO, "Let go of the agent");
  for (struct process *process = shim->processes; process != NULL; process = process->next) {
    if (process->stats == STATS_SENT)
      process->stats = STATS_DUE; /* the agent forgets requests of a client that leaves */
  }
  for (struct client *client = shim->clients; client != NULL; client = client->next) {
    if (client->pauses)
      client_reply(client, THAW_OK, 0, 0, NULL, 0);
    client->pauses = false;
  }
}

void pause_lost(struct shim *shim) {
  for (struct client *client = shim->clients; client != NULL; client = client->next) {
    if (client->pauses)
      client_error(client, 0, THAW_E_STATE, shim->lost);
    client->pauses = false;
  }
}
