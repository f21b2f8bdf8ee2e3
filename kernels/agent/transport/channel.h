/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames over a transport: HELLO to each new client, then whole frames in and out. All input is untrusted until its
 * length and type are checked. A client that breaks the rules, or leaves, costs its own connection only: the channel
 * is closed and published anew.
 */
#ifndef AGENT_CHANNEL_H
#define AGENT_CHANNEL_H

#include "base/loop.h"
#include "proto.h"
#include "transport/transport.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct agent_channel;

struct agent_channel_rules {
  enum agent_channel_number number;
  uint32_t payload_max;
  uint8_t *buffer; /* for payload_max bytes and a NUL; NULL: allocated for each frame */
  bool (*accepts)(uint32_t type);
  /* Takes a whole frame; payload is writable and has a NUL behind it. False breaks the channel. */
  bool (*frame)(struct agent_channel *channel, const struct thaw_frame *header, uint8_t *payload);
  /* There is no memory for a payload, which is skipped; may answer. Not needed with a buffer. */
  void (*too_large)(struct agent_channel *channel, const struct thaw_frame *header);
  /* Puts the next frame to send into channel->out; false: none. Called only when the last one is sent. */
  bool (*refill)(struct agent_channel *channel);
  /* True: take no more frames for now, because too many answers wait. */
  bool (*congested)(struct agent_channel *channel);
  /* A client left; its output is dropped. */
  void (*lost)(struct agent_channel *channel);
};

struct agent_channel {
  const struct agent_channel_rules *rules;
  struct agent_transport *transport;
  struct agent_source source;
  uint32_t generation; /* counts clients; 0 before the first */
  bool greeted;

  /* the frame that is being received */
  struct thaw_frame header;
  uint32_t have; /* received bytes of header and payload */
  uint8_t *payload;
  bool skipping;

  /* the frame that is being sent */
  uint8_t *out;
  size_t out_length, out_done;
  bool out_owned; /* freed when sent */
};

void agent_channel_init(struct agent_channel *channel, const struct agent_channel_rules *rules);
void agent_channel_open(struct agent_channel *channel);  /* publishes the channel; ends the agent on failure */
void agent_channel_close(struct agent_channel *channel); /* idempotent */
void agent_channel_keep(struct agent_channel *channel);  /* like close, for a freeze: agent_transport_keep() */

/* Runs one round: moves frames in and out, up to a share that leaves others their turn. */
void agent_channel_round(struct agent_channel *channel);

bool agent_channel_has_client(const struct agent_channel *channel);

/* Returns true if the client has all frames and has closed, or if none ever came. */
bool agent_channel_is_released(struct agent_channel *channel);

/* Makes header and payload in one allocation, for rules->refill and queues; NULL: no memory. */
uint8_t *agent_channel_make(const struct thaw_frame *header, const void *payload);

#endif
