/* SPDX-License-Identifier: Apache-2.0 */
/* A container that goes along with a freeze while it runs. */
#ifndef AGENT_HOLD_H
#define AGENT_HOLD_H

#include <stdbool.h>

/* A container is being stopped, and whoever asked for it has no answer yet. */
bool agent_hold_is_under_way(void);

/* A container is held. */
bool agent_hold_is_on(void);

/* Its processes go on; idempotent. */
void agent_hold_release(void);

#endif
