/* SPDX-License-Identifier: Apache-2.0 */
/* Disconnects the shim from the agent for a while, and reconnects it. */
#ifndef SHIM_GUEST_PAUSE_H
#define SHIM_GUEST_PAUSE_H

#include "main/shim.h"

/* Takes a client's PAUSE. The client gets its answer once the channel is closed. */
void pause_request(struct shim *shim, struct client *client);

/* Sends the rest of the current frame, then LEAVE, then nothing. Returns false without a pause: send as usual. */
bool pause_send(struct shim *shim, sender_write write_some, void *ctx);

/* Checks whether the agent's LEAVE may come now. Returns FRAME_GATHER, or FRAME_BAD after ending the sandbox. */
enum frame_verdict pause_head(struct shim *shim, const struct thaw_frame *untrusted);
void pause_close(struct shim *shim);

/* The sandbox is lost: tells the clients that requested a pause. */
void pause_lost(struct shim *shim);

#endif
