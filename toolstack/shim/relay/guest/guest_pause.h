/* SPDX-License-Identifier: Apache-2.0 */
/* Disconnects the shim from the agent for a while, and reconnects it. */
#ifndef RELAY_GUEST_PAUSE_H
#define RELAY_GUEST_PAUSE_H

#include "relay/relay.h"

/* Takes a client's PAUSE. The client gets its answer once the channel is closed. */
void pause_request(struct relay *relay, struct client *client);

/* Sends the rest of the current frame, then LEAVE, then nothing. Returns false without a pause: send as usual. */
bool pause_send(struct relay *relay, sender_write write_some, void *ctx);

/* Checks whether the agent's LEAVE may come now. Returns FRAME_GATHER, or FRAME_BAD after ending the sandbox. */
enum frame_verdict pause_head(struct relay *relay, const struct thaw_frame *untrusted);
void pause_close(struct relay *relay);

/* The sandbox is lost: tells the clients that requested a pause. */
void pause_lost(struct relay *relay);

#endif
