/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the 9P server count its descriptors where the other servers of its sandbox see them. */
#ifndef SHIM_SHARES_JOIN_BUDGET_H
#define SHIM_SHARES_JOIN_BUDGET_H

#include "shares/ninep/ninep.h"

/*
 * Maps the memory of shares/shared_budget.h, of which this process can write its own page alone from then on, and
 * closes its descriptor SHARES_BUDGET. Returns -1 with errno.
 */
int join_budget(struct ninep *server, unsigned page);

#endif
