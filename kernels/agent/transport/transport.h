/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What carries a channel's bytes. transport_vchan.c in a guest; transport_socket.c, two unix sockets,
 * where the agent is tested without Xen. The agent is the server and has one client at a time; when
 * that goes, the transport is closed and opened anew, so that no half frame outlives a client.
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
  AGENT_PEER_GONE, /* it closed or died; what it sent before can still be read */
};

struct agent_transport;

/* Publishes the channel. NULL: cannot be had, errno says why. */
struct agent_transport *agent_transport_open(enum agent_channel_number number);
void agent_transport_close(struct agent_transport *transport);

/*
 * A client is there: nobody else finds the channel from now on. Else the next client could come to this one's
 * half-used rings before the agent had a chance to see that this one has gone.
 */
void agent_transport_withdraw(struct agent_transport *transport);

/*
 * Through a freeze: a clone whose dom0 knows where the rings are finds them ready. describe: what dom0 has to know, and
 * how many pages that is, 0 where nothing can be kept. keep: instead of closing. is_prepared: dom0 has made a clone's
 * channels ready, and the next ones to be opened are those.
 */
size_t agent_transport_describe(const struct agent_transport *transport, struct thaw_ring_page *pages_out, size_t most);
void agent_transport_keep(struct agent_transport *transport);
bool agent_transport_is_prepared(void);

/* To be polled; the descriptor may change after agent_transport_peer(). */
int agent_transport_fd(const struct agent_transport *transport);
short agent_transport_events(const struct agent_transport *transport, bool wants_write);

/* Call when the descriptor became ready, before reading and writing. */
void agent_transport_acknowledge(struct agent_transport *transport);

enum agent_peer agent_transport_peer(struct agent_transport *transport);

/*
 * Bytes moved, 0 when nothing can be moved now (the descriptor will become ready), -1 when the
 * client is gone. Read or write until 0 before waiting: readiness is signalled once.
 */
ssize_t agent_transport_read(struct agent_transport *transport, void *data, size_t size);
ssize_t agent_transport_write(struct agent_transport *transport, const void *data, size_t size);

#endif
