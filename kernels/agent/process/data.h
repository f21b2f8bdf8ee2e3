/* SPDX-License-Identifier: Apache-2.0 */
/* The data channel: every process's streams, in turns. */
#ifndef AGENT_DATA_H
#define AGENT_DATA_H

#include "process/process.h"
#include "transport/channel.h"

void agent_data_init(void);
struct agent_channel *agent_data_channel(void);

/* Whether the client that this process was started for is still there. */
bool agent_data_serves(const struct agent_process *process);

/* The record is about to be freed. */
void agent_data_forget(const struct agent_process *process);

#endif
