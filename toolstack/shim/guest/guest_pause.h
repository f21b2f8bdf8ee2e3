/* SPDX-License-Identifier: Apache-2.0 */
/* Letting go of the agent for a while, and coming back. */
#ifndef SHIM_GUEST_PAUSE_H
#define SHIM_GUEST_PAUSE_H

#include "main/shim.h"

/* A client asks for it; it is answered once the channel is closed. */
void pause_request(struct shim *shim, struct client *client);

/* What still goes out: the frame that is under way, then LEAVE, then nothing. False: no pause, go on as usual. */
bool pause_send(struct shim *shim, sender_write write_some, void *ctx);

/* The agent's LEAVE: whether it may come now, and what follows it. */
enum frame_verdict pause_head(struct shim *shim, const struct thaw_frame *untrusted);
void pause_close(struct shim *shim);

/* The sandbox is lost: whoever asked hears it. */
void pause_lost(struct shim *shim);

#endif
