// SPDX-License-Identifier: Apache-2.0
/*
 * How does a channel cross the domain's border? By vchan, the guest as server.
 *
 * server_persist stays 0: with it libxenvchan reports "open" whether a client is there or not, and
 * the rings would keep a dead client's half frame. One server lives as long as its one client.
 */
#include "proto.h"
#include "transport.h"

#include <errno.h>
#include <libxenvchan.h>
#include <poll.h>
#include <stdlib.h>

/*
 * Ring bytes in each direction. gntalloc allows a guest 1024 pages and every page here is missing
 * elsewhere in the domain, clones included. Control: a config.json passes in a few turns. Data: two
 * full frames, so that one is filled while the other is emptied; more did not raise throughput.
 */
#define CONTROL_RING_BYTES 16384u
#define DATA_RING_BYTES 131072u

struct agent_transport {
  struct libxenvchan *vchan;
};

struct agent_transport *agent_transport_open(enum agent_channel_number number) {
  struct agent_transport *transport = calloc(1, sizeof *transport);
  size_t ring = number == AGENT_CONTROL ? CONTROL_RING_BYTES : DATA_RING_BYTES;
  const char *path = number == AGENT_CONTROL ? THAW_XS_CONTROL : THAW_XS_DATA;

  if (!transport)
    return NULL;
  errno = 0;
  transport->vchan = libxenvchan_server_init(NULL, 0, path, ring, ring);
  if (!transport->vchan) {
    free(transport);
    return NULL;
  }
  transport->vchan->blocking = 0;
  return transport;
}

void agent_transport_close(struct agent_transport *transport) {
  if (!transport)
    return;
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
