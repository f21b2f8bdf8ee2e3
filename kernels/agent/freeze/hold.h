/* SPDX-License-Identifier: Apache-2.0 */
/* A container that goes along with a freeze while it runs. */
#ifndef AGENT_HOLD_H
#define AGENT_HOLD_H

#include "protocol/control.h"

#include <stdbool.h>

/* The freeze that a hold leads to. */
struct agent_hold_hooks {
  bool (*is_possible)(void); /* neither frozen nor about to be */
  void (*begin)(void);       /* freezes once dom0 has closed both channels */
};

void agent_hold_init(const struct agent_hold_hooks *hooks);

/* A container is being stopped, and whoever asked for it has no answer yet. */
bool agent_hold_is_under_way(void);

/* A container is held. */
bool agent_hold_is_on(void);

/* Its processes go on; idempotent. */
void agent_hold_release(void);

void agent_hold_request(struct agent_request request, struct agent_fields *fields);

#endif
