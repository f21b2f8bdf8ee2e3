/* SPDX-License-Identifier: Apache-2.0 */
/* State of a container that a copy of its guest cannot continue with. */
#ifndef AGENT_OBSTACLES_H
#define AGENT_OBSTACLES_H

#include "process/process.h"

/* Returns NULL, or the reason why a container's processes and streams forbid a copy. */
const char *agent_survive_streams(const struct agent_process *process, enum thaw_error *error_out);

/*
 * Checks the connections and mounts of a container, whose processes must be frozen. Returns NULL, or a reason that is
 * valid until the next call. Shares of dom0 are no obstacle if dom0 keeps their open files (saves_fids).
 */
const char *agent_survive_outside(const struct agent_process *process, bool saves_fids, enum thaw_error *error_out);

#endif
