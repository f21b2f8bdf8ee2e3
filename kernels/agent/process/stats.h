/* SPDX-License-Identifier: Apache-2.0 */
/* CGROUP_STATS of the data channel: a container's resource use, for its stand-in in dom0. */
#ifndef AGENT_PROCESS_STATS_H
#define AGENT_PROCESS_STATS_H

#include "process/record.h"

#include <stddef.h>
#include <stdint.h>

/* Writes the fields of CGROUP_STATS to payload, which holds size bytes, and returns their length. */
size_t agent_process_stats(const struct agent_process *process, uint8_t *payload, size_t size);

#endif
