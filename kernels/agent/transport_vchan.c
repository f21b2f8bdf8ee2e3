// SPDX-License-Identifier: Apache-2.0
/*
 * How does a channel cross the domain's border? By vchan, the guest as server.
 *
 * server_persist stays 0: with it libxenvchan reports "open" whether a client is there or not, and
 * the rings would keep a dead client's half frame. One server lives as long as its one client.
 */
#include "proto.h"
#include "store.h"
#include "transport.h"
#include "vchan_server.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * Rings of 1 << ORDER bytes in each direction. gntalloc allows a guest 1024 pages and every page here is
 * missing elsewhere in the domain, clones included. Control: a config.json passes in a few turns. Data: two
 * full frames, so that one is filled while the other is emptied.
 */
#define CONTROL_RING_ORDER 14
#define DATA_RING_ORDER 17

struct agent_transport {
  struct libxenvchan *vchan;
  const char *path;
  bool is_published;
};

/* The event channel first: a client looks for ring-ref before it looks for the other. */
static bool publish(struct agent_transport *transport, uint32_t ring_ref) {
  char path[64], value[16];

  transport->is_published = true;
  snprintf(path, sizeof path, "%s/event-channel", transport->path);
  snprintf(value, sizeof value, "%u", transport->vchan->event_port);
  if (!agent_store_write(path, value))
    return false;
  snprintf(path, sizeof path, "%s/ring-ref", transport->path);
  snprintf(value, sizeof value, "%u", ring_ref);
  return agent_store_write(path, value);
}

struct agent_transport *agent_transport_open(enum agent_channel_number number) {
  struct agent_transport *transport = calloc(1, sizeof *transport);
  uint32_t ring_ref;

  if (!transport)
    return NULL;
  transport->path = number == AGENT_CONTROL ? THAW_XS_CONTROL : THAW_XS_DATA;
  transport->vchan = agent_vchan_server(number == AGENT_CONTROL ? CONTROL_RING_ORDER : DATA_RING_ORDER, &ring_ref);
  if (!transport->vchan || !publish(transport, ring_ref)) {
    agent_transport_close(transport);
    return NULL;
  }
  return transport;
}

void agent_transport_withdraw(struct agent_transport *transport) {
  if (transport->is_published)
    transport->is_published = !agent_store_remove(transport->path);
}

void agent_transport_close(struct agent_transport *transport) {
  if (!transport)
    return;
  agent_transport_withdraw(transport);
  libxenvchan_close(transport->vchan);
  free(transport);
}

int agent_transport_fd(const struct agent_transport *transport) {
  return libxenvchan_fd_for_select(transport->vchan);
}

short agent_transport_events(const struct agent_transport *transport, bool wants_write) {
  (void)transport;
  (void)wants_write; /* one event channel says "more to read", "more room" and "gone" alike */
  return POLLIN;
}

void agent_transport_acknowledge(struct agent_transport *transport) {
  libxenvchan_wait(transport->vchan);
}

enum agent_peer agent_transport_peer(struct agent_transport *transport) {
  switch (libxenvchan_is_open(transport->vchan)) {
  case 2:
    return AGENT_PEER_NONE;
  case 1:
    return AGENT_PEER_HERE;
  default:
    return AGENT_PEER_GONE;
  }
}

ssize_t agent_transport_read(struct agent_transport *transport, void *data, size_t size) {
  return libxenvchan_read(transport->vchan, data, size);
}

ssize_t agent_transport_write(struct agent_transport *transport, const void *data, size_t size) {
  return libxenvchan_write(transport->vchan, data, size);
}
