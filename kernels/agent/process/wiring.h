/* SPDX-License-Identifier: Apache-2.0 */
/* The pipes between the agent and a container's process. */
#ifndef AGENT_WIRING_H
#define AGENT_WIRING_H

#include "process/record.h"

/*
 * Makes what the process's flags ask for; its ends into fds (0, 1, 2), the agent's into the process's
 * streams. With a terminal all three are /dev/null: they are crun's only. False: errno says why.
 */
bool agent_wire(struct agent_process *process, int fds[3]);

/* Closes the container's ends, which its process has by now. */
void agent_unwire(int fds[3]);

#endif
