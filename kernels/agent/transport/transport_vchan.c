// SPDX-License-Identifier: Apache-2.0
/*
 * Carries a channel's bytes over vchan between the domain and dom0; the guest is the server.
 *
 * server_persist stays 0: with it libxenvchan reports "open" whether a client is there or not, and the rings would
 * keep a dead client's half frame. One server lives as long as its one client, and a clone's first server has the
 * rings of its template.
 */
#include "base/log.h"
#include "proto.h"
#include "transport/store.h"
#include "transport/suspend.h"
#include "transport/transport.h"
#include "transport/vchan_server.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct agent_transport {
  struct agent_vchan server;
  enum agent_channel_number number;
  const char *path;
  bool is_published, is_to_be_published;
};

/*
 * Rings kept through a freeze, by channel number. gntalloc allows a guest 1024 pages, and every page here is missing
 * elsewhere in the domain, clones included.
 */
static struct {
  struct agent_vchan server;
  uint32_t port; /* 0: dom0 has made none */
} preconnected[AGENT_DATA + 1];

/* Writes event-channel first: a client waits for ring-ref, and then reads event-channel. */
static bool publish(struct agent_transport *transport) {
  char path[64], value[16];

  transport->is_published = true;
  snprintf(path, sizeof path, "%s/event-channel", transport->path);
  snprintf(value, sizeof value, "%u", transport->server.vchan->event_port);
  if (!agent_store_write(path, value))
    return false;
  snprintf(path, sizeof path, "%s/ring-ref", transport->path);
  snprintf(value, sizeof value, "%u", transport->server.ring_ref);
  return agent_store_write(path, value);
}

/* Takes the preconnected rings if dom0 knows them, and otherwise frees them. */
static bool take_preconnected(struct agent_transport *transport) {
  uint32_t port = preconnected[transport->number].port;

  transport->server = preconnected[transport->number].server;
  preconnected[transport->number].server.vchan = NULL;
  preconnected[transport->number].port = 0;
  if (!transport->server.vchan)
    return false;
  if (port && agent_vchan_adopt(&transport->server, port))
    return true;
  agent_vchan_close(&transport->server);
  return false;
}

struct agent_transport *agent_transport_open(enum agent_channel_number number) {
  struct agent_transport *transport = calloc(1, sizeof *transport);
  bool is_control = number == AGENT_CONTROL;

  if (!transport)
    return NULL;
  transport->number = number;
  transport->path = is_control ? THAW_XS_CONTROL : THAW_XS_DATA;
  if (take_preconnected(transport))
    return transport;
  if (!agent_vchan_make(&transport->server, is_control ? THAW_CONTROL_RING_ORDER : THAW_DATA_RING_ORDER) ||
      (agent_suspend_hooks()->store_answers() && !publish(transport))) {
    agent_transport_close(transport);
    return NULL;
  }
  transport->is_to_be_published = !transport->is_published;
  return transport;
}

/* Publishes a channel that could not be published when it was opened; no client can have found it yet. */
static void publish_late(struct agent_transport *transport) {
  if (!transport->is_to_be_published || !agent_suspend_hooks()->store_answers())
    return;
  transport->is_to_be_published = false;
  if (!publish(transport))
    agent_die("Cannot publish channel %d", transport->number);
}

size_t agent_transport_describe(const struct agent_transport *transport, struct thaw_ring_page *pages_out,
                                size_t most) {
  return agent_vchan_describe(&transport->server, pages_out, most);
}

void agent_transport_keep(struct agent_transport *transport) {
  agent_transport_withdraw(transport);
  if (agent_vchan_keep(&transport->server)) {
    preconnected[transport->number].server = transport->server;
    transport->server.vchan = NULL;
  }
  agent_transport_close(transport);
}

bool agent_transport_is_prepared(void) {
  const struct libxenvchan *control = preconnected[AGENT_CONTROL].server.vchan;
  struct thaw_wake wake;
  char *at;

  if (!control)
    return false;
  at = (char *)control->ring + THAW_WAKE_OFFSET;
  memcpy(&wake, at, sizeof wake);
  if (wake.magic != THAW_PROTO_MAGIC || wake.control_port == 0 || wake.data_port == 0)
    return false;
  memset(at, 0, sizeof wake);
  preconnected[AGENT_CONTROL].port = wake.control_port;
  preconnected[AGENT_DATA].port = wake.data_port;
  return true;
}

void agent_transport_withdraw(struct agent_transport *transport) {
  if (transport->is_published)
    transport->is_published = !agent_store_remove(transport->path);
}

void agent_transport_close(struct agent_transport *transport) {
  if (!transport)
    return;
  agent_transport_withdraw(transport);
  agent_vchan_close(&transport->server);
  free(transport);
}

int agent_transport_fd(const struct agent_transport *transport) {
  return libxenvchan_fd_for_select(transport->server.vchan);
}

short agent_transport_events(const struct agent_transport *transport, bool wants_write) {
  (void)transport;
  (void)wants_write; /* one event channel signals "more to read", "more room" and "gone" alike */
  return POLLIN;
}

void agent_transport_acknowledge(struct agent_transport *transport) {
  libxenvchan_wait(transport->server.vchan);
}

enum agent_peer agent_transport_peer(struct agent_transport *transport) {
  publish_late(transport);
  switch (libxenvchan_is_open(transport->server.vchan)) {
  case 2:
    return AGENT_PEER_NONE;
  case 1:
    return AGENT_PEER_HERE;
  default:
    return AGENT_PEER_CLOSED;
  }
}

ssize_t agent_transport_read(struct agent_transport *transport, void *data, size_t size) {
  return libxenvchan_read(transport->server.vchan, data, size);
}

ssize_t agent_transport_write(struct agent_transport *transport, const void *data, size_t size) {
  return libxenvchan_write(transport->server.vchan, data, size);
}
