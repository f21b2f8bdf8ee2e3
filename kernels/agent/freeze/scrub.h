// SPDX-License-Identifier: Apache-2.0
/* Clears unused memory, so that an image of the guest need not contain it. */
#ifndef THAW_AGENT_SCRUB_H
#define THAW_AGENT_SCRUB_H

/* Blocks while it clears free memory: milliseconds, at most 15 s. A failure is logged and costs only space. */
void agent_scrub(void);

#endif
