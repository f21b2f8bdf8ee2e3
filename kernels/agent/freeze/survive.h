/* SPDX-License-Identifier: Apache-2.0 */
/* What a copy of the guest could not go on with. */
#ifndef AGENT_SURVIVE_H
#define AGENT_SURVIVE_H

#include "process/process.h"

/* NULL, or what of a container's processes and streams is in the way. */
const char *agent_survive_streams(const struct agent_process *process, enum thaw_error *error_out);

/*
 * The same of what its processes have open to the outside, which must stand still: NULL, or a text until the next call.
 * Files of dom0 are in nobody's way where they `keep`.
 */
const char *agent_survive_outside(const struct agent_process *process, bool files_keep, enum thaw_error *error_out);

#endif
