// SPDX-License-Identifier: Apache-2.0
/*
 * Handles a channel's clients: greets each, gives it its turns, and publishes the channel anew when it leaves.
 * channel_pieces.c moves the bytes.
 */
#include "transport/channel.h"

#include "base/log.h"
#include "transport/channel_pieces.h"
#include "transport/suspend.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROUND_BYTES 262144u

#ifndef AGENT_BUILD
#define AGENT_BUILD "thaw-agent"
#endif

static void on_ready(struct agent_source *source, short revents) {
  struct agent_channel *channel = source->owner;

  (void)revents;
  agent_transport_acknowledge(channel->transport);
}

void agent_channel_init(struct agent_channel *channel, const struct agent_channel_rules *rules) {
  *channel = (struct agent_channel){.rules = rules};
  channel->source = (struct agent_source){.fd = -1, .ready = on_ready, .owner = channel};
}

void agent_channel_open(struct agent_channel *channel) {
  channel->transport = agent_transport_open(channel->rules->number);
  if (!channel->transport)
    agent_die("Cannot open channel %d: %s", channel->rules->number, strerror(errno));
  channel->source.fd = agent_transport_fd(channel->transport);
  channel->source.events = agent_transport_events(channel->transport, false);
  agent_loop_add(&channel->source);
}

static void end(struct agent_channel *channel, void (*end_transport)(struct agent_transport *)) {
  if (!channel->transport)
    return;
  agent_loop_remove(&channel->source);
  end_transport(channel->transport);
  channel->transport = NULL;
  channel->greeted = false;
  if (channel->payload != channel->rules->buffer)
    free(channel->payload);
  channel->payload = NULL;
  channel->have = 0;
  channel->skipping = false;
  agent_channel_drop_output(channel);
  channel->rules->lost(channel);
}

void agent_channel_close(struct agent_channel *channel) {
  end(channel, agent_transport_close);
}

void agent_channel_keep(struct agent_channel *channel) {
  end(channel, agent_transport_keep);
}

uint8_t *agent_channel_make(const struct thaw_frame *header, const void *payload) {
  uint8_t *frame = malloc(sizeof *header + header->length);

  if (!frame)
    return NULL;
  memcpy(frame, header, sizeof *header);
  if (header->length)
    memcpy(frame + sizeof *header, payload, header->length);
  return frame;
}

static void greet(struct agent_channel *channel) {
  static const char build[] = AGENT_BUILD;
  uint32_t build_length = sizeof build - 1;
  uint8_t payload[sizeof(struct thaw_hello) + sizeof build_length + sizeof build];
  struct thaw_hello hello = {THAW_PROTO_MAGIC, THAW_PROTO_VERSION, agent_suspend_hooks()->wakes(),
                             channel->rules->number};
  struct thaw_frame header = {.type = THAW_HELLO};

  memcpy(payload, &hello, sizeof hello);
  memcpy(payload + sizeof hello, &build_length, sizeof build_length);
  memcpy(payload + sizeof hello + sizeof build_length, build, build_length);
  header.length = (uint32_t)(sizeof hello + sizeof build_length + build_length);
  channel->out = agent_channel_make(&header, payload);
  if (!channel->out)
    agent_die("Cannot greet on channel %d: no memory", channel->rules->number);
  channel->out_owned = true;
  channel->out_length = sizeof header + header.length;
  channel->greeted = true;
  channel->generation++;
}

static void start_over(struct agent_channel *channel, const char *reason) {
  if (reason)
    agent_log("channel %d: closed: %s", channel->rules->number, reason);
  agent_channel_close(channel);
  agent_channel_open(channel);
  agent_loop_again();
}

void agent_channel_round(struct agent_channel *channel) {
  size_t in = ROUND_BYTES, out = ROUND_BYTES;
  enum agent_take taken = AGENT_TAKE_MORE;
  enum agent_peer peer;
  bool sent;

  if (!channel->transport)
    return;
  peer = agent_transport_peer(channel->transport);
  if (peer != AGENT_PEER_NONE && !channel->greeted)
    greet(channel);
  if (channel->greeted) {
    sent = agent_channel_send(channel, &out);
    agent_transport_withdraw(channel->transport); /* after the hello: it costs a request to xenstore */
    while (in > 0 && taken == AGENT_TAKE_MORE && !channel->rules->congested(channel))
      taken = agent_channel_take(channel, &in);
    if (taken == AGENT_TAKE_BROKEN) {
      start_over(channel, "it got a malformed frame");
      return;
    }
    sent = agent_channel_send(channel, &out);
    peer = agent_transport_peer(channel->transport);
    /* handle the last frames of a client that left, unless it also left answers unread */
    if (peer == AGENT_PEER_CLOSED && !agent_suspend_hooks()->is_pending() &&
        (taken == AGENT_TAKE_IDLE || channel->rules->congested(channel))) {
      start_over(channel, NULL);
      return;
    }
    if (in == 0 || out == 0)
      agent_loop_again();
    channel->source.events = peer == AGENT_PEER_CLOSED ? 0 : agent_transport_events(channel->transport, !sent);
  }
  channel->source.fd = agent_transport_fd(channel->transport);
}

bool agent_channel_has_client(const struct agent_channel *channel) {
  return channel->greeted;
}

bool agent_channel_is_released(struct agent_channel *channel) {
  return agent_transport_peer(channel->transport) != AGENT_PEER_HERE;
}
