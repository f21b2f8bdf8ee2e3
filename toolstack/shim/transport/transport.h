// SPDX-License-Identifier: Apache-2.0
/*
 * The byte stream to the agent: a vchan on a Xen host, a unix socket in tests. Opened again and again until
 * the agent is there.
 */
#ifndef THAW_SHIM_TRANSPORT_H
#define THAW_SHIM_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct transport;

struct transport_ops {
  bool of_domain;                           /* the agent is in a domain, whose number the transport has */
  int (*open)(struct transport *transport); /* 1 open, 0 the agent is not there yet, -1 it never can be */
  /* Called when poll reports the descriptor, before anything is read or written. -1: gone. */
  int (*woken)(struct transport *transport);
  /* Bytes moved; 0 when none can be now, and then fd will report when some can; -1 closed by the other end.
     What was sent before a close can still be read. */
  ssize_t (*read)(struct transport *transport, void *bytes, size_t n);
  ssize_t (*write)(struct transport *transport, const void *bytes, size_t n);
  /* Unmaps or closes at once; idempotent. */
  void (*close)(struct transport *transport);
};

struct transport {
  const struct transport_ops *ops;
  int fd;           /* -1 while it is not open */
  bool poll_writes; /* fd says by POLLOUT when it takes bytes again */
  bool blocked;     /* the last write took less than it was given */
  unsigned domid;
  const char *path;             /* of the socket, or in xenstore */
  uint32_t ring_ref, ring_port; /* a vchan's first ring, which is not looked up there; port 0: none */
  void *handle;
};

extern const struct transport_ops transport_socket;
extern const struct transport_ops transport_vchan;

#endif
