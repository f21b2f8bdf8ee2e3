/* SPDX-License-Identifier: Apache-2.0 */
/* Other containers' tmpfs mounts, at /run/thaw/shm/NAME of the guest. */
#ifndef AGENT_SHM_H
#define AGENT_SHM_H

#include "protocol/control.h"

/* Removes the shared mounts of the container of that name when the container is deleted. */
void agent_shm_end(const char *name);

void agent_shm_request(struct agent_request request, struct agent_fields *fields);

#endif
