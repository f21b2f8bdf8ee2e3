// SPDX-License-Identifier: Apache-2.0
/* Splits a byte stream into frames and sends frames as bytes, piece by piece. */
#include "transport/channel_pieces.h"

#include <stdlib.h>

static bool begin_payload(struct agent_channel *channel) {
  const struct thaw_frame *header = &channel->header;

  if (header->length > channel->rules->payload_max || !channel->rules->accepts(header->type))
    return false;
  channel->payload = channel->rules->buffer;
  if (!channel->payload)
    channel->payload = malloc((size_t)header->length + 1);
  channel->skipping = !channel->payload;
  return true;
}

static bool end_frame(struct agent_channel *channel) {
  uint8_t *payload = channel->payload;
  bool ok = true;

  channel->payload = NULL;
  channel->have = 0;
  if (channel->skipping) {
    channel->rules->too_large(channel, &channel->header);
  } else {
    payload[channel->header.length] = '\0';
    ok = channel->rules->frame(channel, &channel->header, payload);
  }
  channel->skipping = false;
  if (payload != channel->rules->buffer)
    free(payload);
  return ok;
}

enum agent_take agent_channel_take(struct agent_channel *channel, size_t *share) {
  const uint32_t head = sizeof channel->header;
  uint8_t waste[4096];
  uint8_t *to = (uint8_t *)&channel->header + channel->have;
  size_t want = head - channel->have;
  ssize_t got;

  if (channel->have >= head) {
    want = channel->header.length - (channel->have - head);
    to = channel->skipping ? waste : channel->payload + (channel->have - head);
    if (channel->skipping && want > sizeof waste)
      want = sizeof waste;
  }
  if (want > 0) {
    got = agent_transport_read(channel->transport, to, want);
    if (got <= 0)
      return AGENT_TAKE_IDLE;
    channel->have += (uint32_t)got;
    *share -= (size_t)got < *share ? (size_t)got : *share;
    if (channel->have == head && !begin_payload(channel))
      return AGENT_TAKE_BROKEN;
  }
  if (channel->have >= head && channel->have - head == channel->header.length && !end_frame(channel))
    return AGENT_TAKE_BROKEN;
  return AGENT_TAKE_MORE;
}

void agent_channel_drop_output(struct agent_channel *channel) {
  if (channel->out_owned)
    free(channel->out);
  channel->out = NULL;
  channel->out_owned = false;
  channel->out_length = channel->out_done = 0;
}

bool agent_channel_send(struct agent_channel *channel, size_t *share) {
  for (;;) {
    ssize_t sent;

    if (channel->out_done == channel->out_length) {
      agent_channel_drop_output(channel);
      if (*share == 0 || !channel->rules->refill(channel))
        return true;
    }
    sent = agent_transport_write(channel->transport, channel->out + channel->out_done,
                                 channel->out_length - channel->out_done);
    if (sent <= 0)
      return false;
    channel->out_done += (size_t)sent;
    *share -= (size_t)sent < *share ? (size_t)sent : *share;
  }
}
