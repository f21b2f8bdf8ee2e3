/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Used by channel.c only: the frames being received and sent. `share` is the number of bytes that this round may
 * still move.
 */
#ifndef AGENT_CHANNEL_PIECES_H
#define AGENT_CHANNEL_PIECES_H

#include "transport/channel.h"

enum agent_take { AGENT_TAKE_IDLE, AGENT_TAKE_MORE, AGENT_TAKE_BROKEN };

/* Reads the next piece of the current frame; a whole frame goes to rules->frame. */
enum agent_take agent_channel_take(struct agent_channel *channel, size_t *share);

/* True when everything is sent; false: the client takes no more now, or is gone. */
bool agent_channel_send(struct agent_channel *channel, size_t *share);

void agent_channel_drop_output(struct agent_channel *channel);

#endif
