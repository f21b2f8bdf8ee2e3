/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vchan server for dom0: made here, and carried across a freeze (vchan_keep.c). libxenvchan does everything
 * between.
 */
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
  uint64_t ring_index; /* index of the ring's page in gntalloc's descriptor */
};

/*
 * Makes rings of 1 << order bytes in each direction, order 12..20, and does not publish them. False: errno says why.
 */
bool agent_vchan_make(struct agent_vchan *server, int order);
void agent_vchan_close(struct agent_vchan *server); /* idempotent */

/* Gives the pages of the rings in the order of FREEZE's answer; 0: they cannot be found. */
size_t agent_vchan_describe(const struct agent_vchan *server, struct thaw_ring_page *pages_out, size_t most);

/*
 * Ends the channel. The pages stay shared, cleared, and ready for a client. False: close the server like any other.
 */
bool agent_vchan_keep(struct agent_vchan *server);
/* Takes the port that dom0 made, for a kept server in a clone. False: the server is of no more use. */
bool agent_vchan_adopt(struct agent_vchan *server, uint32_t port);

/* Sets the shared page to the state that a new client expects. */
void agent_vchan_reset(struct agent_vchan *server);
/*
 * Makes the kernel signal dom0 through the channel's port and clear srv_live when this process dies. Port 0 ends
 * this.
 */
bool agent_vchan_tell_of_death(const struct agent_vchan *server);

#endif
