/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transport of a channel's bytes: transport_vchan.c in a guest; transport_socket.c with two unix sockets in tests
 * without Xen. The agent is the server and has one client at a time. When the client leaves, the transport is closed
 * and opened anew, so that no half frame outlives a client.
 */
#ifndef AGENT_TRANSPORT_H
#define AGENT_TRANSPORT_H

#include "proto.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum agent_channel_number { AGENT_CONTROL = 1, AGENT_DATA = 2 }; /* as in struct thaw_hello */

enum agent_peer {
  AGENT_PEER_NONE, /* no client has come yet */
  AGENT_PEER_HERE,
  AGENT_PEER_CLOSED, /* the client closed or died; its earlier bytes can still be read */
};

struct agent_transport;

/* Publishes the channel. NULL: the channel cannot be made, errno says why. */
struct agent_transport *agent_transport_open(enum agent_channel_number number);
void agent_transport_close(struct agent_transport *transport);

/*
 * Hides the channel from further clients while one is connected. Otherwise the next client could use this one's
 * half-used rings before the agent sees that this one has gone.
 */
void agent_transport_withdraw(struct agent_transport *transport);

/*
 * Carry a channel through a freeze: a clone whose dom0 knows the rings finds them ready. describe: gives the pages
 * that dom0 has to know and their number, 0 if none can be kept. keep: replaces close. is_prepared: dom0 has made a
 * clone's channels ready, and the next ones to be opened are those.
 */
size_t agent_transport_describe(const struct agent_transport *transport, struct thaw_ring_page *pages_out, size_t most);
void agent_transport_keep(struct agent_transport *transport);
bool agent_transport_is_prepared(void);

/* The descriptor to poll; it may change after agent_transport_peer(). */
int agent_transport_fd(const struct agent_transport *transport);
short agent_transport_events(const struct agent_transport *transport, bool wants_write);

/* Must be called when the descriptor became ready, before reading and writing. */
void agent_transport_acknowledge(struct agent_transport *transport);

enum agent_peer agent_transport_peer(struct agent_transport *transport);

/*
 * Return the number of bytes moved, 0 when nothing can be moved now (the descriptor will become ready), -1 when the
 * client is gone. Read or write until 0 before waiting: readiness is signalled once.
 */
ssize_t agent_transport_read(struct agent_transport *transport, void *data, size_t size);
ssize_t agent_transport_write(struct agent_transport *transport, const void *data, size_t size);

#endif
