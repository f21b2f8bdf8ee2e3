/* SPDX-License-Identifier: Apache-2.0 */
/* channel.c's own: the frames that are on their way in and out. `share` is what this round may still move. */
#ifndef AGENT_CHANNEL_PIECES_H
#define AGENT_CHANNEL_PIECES_H

#include "transport/channel.h"

enum agent_take { AGENT_TAKE_IDLE, AGENT_TAKE_MORE, AGENT_TAKE_BROKEN };

/* Reads the next piece of the frame that is coming in; a whole one goes to rules->frame. */
enum agent_take agent_channel_take(struct agent_channel *channel, size_t *share);

/* True when everything is sent; false: the client does not take more now, or is gone. */
bool agent_channel_send(struct agent_channel *channel, size_t *share);

void agent_channel_drop_output(struct agent_channel *channel);

#endif
