/* SPDX-License-Identifier: Apache-2.0 */
/* The pipes between the agent and a container's process. */
#ifndef AGENT_WIRING_H
#define AGENT_WIRING_H

#include "process/record.h"

/*
 * Makes the streams that the process's flags ask for. Its ends go to fds (0, 1, 2), the agent's ends to the process's
 * record. With a terminal all three are /dev/null, for crun only. False: errno says why.
 */
bool agent_wire(struct agent_process *process, int fds[3]);

/* Closes the container's ends, which its process has by now. */
void agent_unwire(int fds[3]);

#endif
