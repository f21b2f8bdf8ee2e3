// SPDX-License-Identifier: Apache-2.0
/*
 * The byte stream to the agent: a vchan on a Xen host, a unix socket in tests. The shim calls open() until the agent
 * is there.
 */
#ifndef THAW_SHIM_TRANSPORT_H
#define THAW_SHIM_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct transport;

struct transport_ops {
  bool of_domain;                           /* the agent runs in a domain; domid is set */
  int (*open)(struct transport *transport); /* 1 open, 0 the agent is not there yet, -1 it never can be */
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
  unsigned domid;
  const char *path;             /* of the socket, or in xenstore */
  uint32_t ring_ref, ring_port; /* a vchan's first ring, not looked up in xenstore; port 0: none */
  void *handle;
};

extern const struct transport_ops transport_socket;
extern const struct transport_ops transport_vchan;

#endif
