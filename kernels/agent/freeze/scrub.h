// SPDX-License-Identifier: Apache-2.0
/* How does memory that nobody uses become zero, so that an image of the guest need not carry it? */
#ifndef THAW_AGENT_SCRUB_H
#define THAW_AGENT_SCRUB_H

/* Blocks for as long as clearing free memory takes: milliseconds, at most 15 s. What fails is logged and costs only
 * space. */
void agent_scrub(void);

#endif
