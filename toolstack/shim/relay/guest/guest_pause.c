// SPDX-License-Identifier: Apache-2.0
/*
 * Disconnects the relay from the agent while the domain is copied. Each side sends LEAVE after its last frame. So no
 * frame is under way when the channel closes, and both sides agree on every credit count when it opens again.
 */
#include "relay/guest/guest_pause.h"

#include "relay/guest/guest_check.h"
#include "relay/to_monitor.h"

void pause_request(struct relay *relay, struct client *client) {
  if (relay->state != RELAY_UP || relay->pause != PAUSE_NONE || relay->layers != NULL) {
    client_error(client, 0, relay->state == RELAY_LOST ? THAW_E_STATE : THAW_E_BUSY,
                 relay->state == RELAY_LOST ? relay->lost : "Cannot pause: the channel to the agent is not at rest");
    return;
  }
  relay->pause = PAUSE_DUE;
  client->pauses = true;
}

bool pause_send(struct relay *relay, sender_write write_some, void *ctx) {
  struct sender *sender = &relay->guest_sender;

  if (relay->pause == PAUSE_NONE)
    return false;
  if (sender_flush(sender, write_some, ctx) <= 0 || relay->pause != PAUSE_DUE)
    return true;
  relay->pause = PAUSE_SENT;
  sender_small(sender, THAW_LEAVE, 0, 0, NULL, 0);
  sender_flush(sender, write_some, ctx);
  return true;
}

enum frame_verdict pause_head(struct relay *relay, const struct thaw_frame *untrusted) {
  if (relay->pause != PAUSE_SENT || !sender_idle(&relay->guest_sender))
    return guest_bad(relay, untrusted, "leave that the shim did not ask for");
  if (untrusted->id != 0 || untrusted->arg != 0 || untrusted->length != 0)
    return guest_bad(relay, untrusted, "malformed leave");
  return FRAME_GATHER;
}

void pause_close(struct relay *relay) {
  relay->transport->ops->close(relay->transport);
  relay->transport->blocked = false;
  tell_monitor(MESSAGE_CLOSED, 0, 0, NULL, 0);
  relay->state = RELAY_WAITING;
  relay->pause = PAUSE_NONE;
  relay->returns = true;
  note(NOTE_INFO, "Let go of the agent");
  for (struct process *process = relay->processes; process != NULL; process = process->next) {
    if (process->stats == STATS_SENT)
      process->stats = STATS_DUE; /* the agent forgets requests of a client that leaves */
  }
  for (struct client *client = relay->clients; client != NULL; client = client->next) {
    if (client->pauses)
      client_reply(client, THAW_OK, 0, 0, NULL, 0);
    client->pauses = false;
  }
}

void pause_lost(struct relay *relay) {
  for (struct client *client = relay->clients; client != NULL; client = client->next) {
    if (client->pauses)
      client_error(client, 0, THAW_E_STATE, relay->lost);
    client->pauses = false;
  }
}
