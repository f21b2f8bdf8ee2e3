/* SPDX-License-Identifier: Apache-2.0 */
/* A container's first process, which runs the container's command as its child. */
#ifndef AGENT_INIT_H
#define AGENT_INIT_H

#include <stdbool.h>

/* The name of the program in this role. */
#define AGENT_INIT_NAME "thaw-init"

/* Runs argv, which may follow a "--", until it ends. Returns the exit code that a shell would give. */
int agent_init_run(char **argv);

#endif
