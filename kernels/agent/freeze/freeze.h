/* SPDX-License-Identifier: Apache-2.0 */
/* Freezing: nothing that a suspended domain loses may be open, see DESIGN's "Freeze and clone". */
#ifndef AGENT_FREEZE_H
#define AGENT_FREEZE_H

#include <stdbool.h>
#include <stdint.h>

void agent_freeze_init(void); /* after agent_store_open(); registers the watch */

/* Freezes that were woken from, in this guest's and its templates' lives. */
uint32_t agent_freeze_wakes(void);

/* xenstore answers this guest. A clone that dom0 has not introduced yet would wait for the answer to a request. */
bool agent_freeze_store_answers(void);

/* FREEZE was answered and dom0 is to close the channels: a client that goes is not missed. */
bool agent_freeze_is_pending(void);

/* Neither frozen nor about to be. */
bool agent_freeze_is_possible(void);

/* A request was granted: freezes once dom0 has closed both channels. */
void agent_freeze_begin(void);

void agent_freeze_round(void); /* once in every round of the loop */

#endif
