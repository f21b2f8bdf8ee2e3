/* SPDX-License-Identifier: Apache-2.0 */
/* Shares memory between a sandbox's 9P servers, in which they count the descriptors that their guest makes them hold.
 * A server can write its own page alone, so a server that a guest has taken over cannot hide the others' numbers. */
#ifndef SHIM_SHARED_BUDGET_H
#define SHIM_SHARED_BUDGET_H

#include "shares/ninep/fids/budget.h"

#define SHARED_BUDGET_SERVERS 128u
/* The first page is the shim's. Pages that no server has touched take no memory. */
#define SHARED_BUDGET_BYTES ((1 + SHARED_BUDGET_SERVERS) * sizeof(struct ninep_budget_page))

struct shared_budget;

/* Returns NULL with errno. */
struct shared_budget *shared_budget_new(void);

/* Returns a descriptor for the servers. */
int shared_budget_fd(const struct shared_budget *budget);

/* Returns the number of a free page. There must be fewer than SHARED_BUDGET_SERVERS servers. */
unsigned shared_budget_claim(struct shared_budget *budget);

/* Call once the page's server is gone: its descriptors are closed. */
void shared_budget_release(struct shared_budget *budget, unsigned page);

/* NULL is fine. */
void shared_budget_free(struct shared_budget *budget);

#endif
