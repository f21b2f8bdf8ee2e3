/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Freezing: the guest may hold nothing open that a suspended domain loses, see "Freeze and clone" in
 * docs/architecture.md.
 */
#ifndef AGENT_FREEZE_H
#define AGENT_FREEZE_H

#include "protocol/control.h"

/*
 * Must be called after agent_store_open() and before the channels open: watches the wake node, registers with
 * transport and hold.
 */
void agent_freeze_init(void);

void agent_freeze_request(struct agent_request request, struct agent_fields *fields);

void agent_freeze_round(void); /* once in every round of the loop */

#endif
