// SPDX-License-Identifier: Apache-2.0
/* Which pages has the guest's network interface shared with dom0? */
#ifndef THAW_AGENT_VIF_RINGS_H
#define THAW_AGENT_VIF_RINGS_H

#include "proto.h"

#include <stddef.h>

/* The first vif's pages as FREEZE tells of them; how many, 0 where there is none, a clone could not go on with them, or
 * they are more than `most`. */
size_t agent_vif_rings(struct thaw_ring_page *pages_out, size_t most);

#endif
