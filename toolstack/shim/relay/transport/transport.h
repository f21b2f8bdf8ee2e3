// SPDX-License-Identifier: Apache-2.0
/*
 * The byte stream to the agent: a vchan on a Xen host, a unix socket in tests. The monitor finds the agent, and passes
 * what the relay needs to open the stream.
 */
#ifndef THAW_RELAY_TRANSPORT_H
#define THAW_RELAY_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct transport;

struct transport_ops {
  /* Call when poll reports the descriptor, before any read or write. -1: gone. */
  int (*woken)(struct transport *transport);
  /* Both return the bytes moved; 0 when none can move now, and fd then reports when some can; -1 when the peer has
     closed. Bytes sent before a close can still be read. */
  ssize_t (*read)(struct transport *transport, void *bytes, size_t n);
  ssize_t (*write)(struct transport *transport, const void *bytes, size_t n);
  /* Unmaps or closes at once; idempotent. */
  void (*close)(struct transport *transport);
};

struct transport {
  const struct transport_ops *ops;
  int fd;           /* -1 while the transport is closed */
  bool poll_writes; /* fd reports POLLOUT when it takes bytes again */
  bool blocked;     /* the last write took less than it was given */
  void *handle;
};

extern const struct transport_ops transport_socket;
extern const struct transport_ops transport_ring;

/* Takes over a connected socket. */
void transport_socket_open(struct transport *transport, int fd);

/*
 * Maps a vchan whose ring's page lies at `offset` of the grant device, and whose event channel is `port` of `events`,
 * which it takes over. Returns 0, or -1 with errno: EPROTO when the page is not that of rings of THAW_DATA_RING_ORDER.
 */
int transport_ring_open(struct transport *transport, int device, uint64_t offset, int events, uint32_t port);

#endif
