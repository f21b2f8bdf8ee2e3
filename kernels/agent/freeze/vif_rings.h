// SPDX-License-Identifier: Apache-2.0
/* The pages that the guest's network interface shares with dom0. */
#ifndef THAW_AGENT_VIF_RINGS_H
#define THAW_AGENT_VIF_RINGS_H

#include "proto.h"

#include <stddef.h>

/* Writes the first vif's pages in the form of FREEZE's answer and returns their number. Returns 0 if there is no
 * vif, if a clone could not continue with its rings, or if they are more than `most`. */
size_t agent_vif_rings(struct thaw_ring_page *pages_out, size_t most);

#endif
