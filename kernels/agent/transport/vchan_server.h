/* SPDX-License-Identifier: Apache-2.0 */
/* A vchan server for dom0: made, and carried across a freeze (vchan_keep.c). Everything between is libxenvchan's. */
#ifndef AGENT_VCHAN_SERVER_H
#define AGENT_VCHAN_SERVER_H

#include "proto.h"

#include <libxenvchan.h>
#include <stdbool.h>
#include <stddef.h>

struct agent_vchan {
  struct libxenvchan *vchan; /* NULL: none */
  int order;
  uint32_t ring_ref;
  uint64_t ring_index; /* where gntalloc's descriptor has the ring's page */
};

/* Rings of 1 << order bytes in each direction, order 12..20, not published. False: errno says why. */
bool agent_vchan_make(struct agent_vchan *server, int order);
void agent_vchan_close(struct agent_vchan *server); /* idempotent */

/* The pages of the rings, in the order that FREEZE's answer has them; 0: they cannot be found. */
size_t agent_vchan_describe(const struct agent_vchan *server, struct thaw_ring_page *pages_out, size_t most);

/*
 * Ends the channel. The pages stay shared, cleared, and ready for a client. False: it is closed like any other.
 */
bool agent_vchan_keep(struct agent_vchan *server);
/* A kept one, in a clone: takes the port that dom0 made. False: it is of no more use. */
bool agent_vchan_adopt(struct agent_vchan *server, uint32_t port);

/* The shared page as a client has to find it. */
void agent_vchan_reset(struct agent_vchan *server);
/* When this process dies the kernel tells dom0 through the channel's port, and clears srv_live; port 0: no longer. */
bool agent_vchan_tell_of_death(const struct agent_vchan *server);

#endif
