/* SPDX-License-Identifier: Apache-2.0 */
/* What a container has of another's memory, at /run/thaw/shm/NAME of the guest. */
#ifndef AGENT_SHM_H
#define AGENT_SHM_H

#include "protocol/control.h"

/* The container of that name goes, and with it what was shared for it. */
void agent_shm_end(const char *name);

void agent_shm_request(struct agent_request request, struct agent_fields *fields);

#endif
