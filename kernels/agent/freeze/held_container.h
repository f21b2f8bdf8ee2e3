/* SPDX-License-Identifier: Apache-2.0 */
/* A running container that is frozen together with its guest. */
#ifndef AGENT_HELD_CONTAINER_H
#define AGENT_HELD_CONTAINER_H

#include "protocol/control.h"

#include <stdbool.h>

/* The freeze that follows a hold. */
struct agent_hold_hooks {
  bool (*is_possible)(void); /* neither frozen nor about to be */
  void (*begin)(void);       /* freezes once dom0 has closed both channels */
};

void agent_hold_init(const struct agent_hold_hooks *hooks);

/* Returns true while a container is being stopped and its HOLD has no answer yet. */
bool agent_hold_is_under_way(void);

/* Returns true while a container is held. */
bool agent_hold_is_on(void);

/* Resumes the held container's processes; idempotent. */
void agent_hold_release(void);

void agent_hold_request(struct agent_request request, struct agent_fields *fields);

#endif
