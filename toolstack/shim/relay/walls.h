/* SPDX-License-Identifier: Apache-2.0 */
/* Leaves a relay that a guest has taken over as little as it can. */
#ifndef THAW_RELAY_WALLS_H
#define THAW_RELAY_WALLS_H

#include <stdint.h>

/* The first user id of relays: that of a domain is its domid above. */
#define RELAY_UID 1900000000u

/*
 * From then on this process has a user id of its own, no capability, no file but its open ones, of which none grows
 * above log_max bytes and a record, and only the system calls of the loop. Ends with its monitor. Returns 0, or -1 with
 * errno.
 */
int relay_walls(unsigned domid, uint64_t log_max);

#endif
