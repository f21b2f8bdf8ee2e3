/* SPDX-License-Identifier: Apache-2.0 */
/* A container's first process, where its command is not to be that itself. */
#ifndef AGENT_INIT_H
#define AGENT_INIT_H

#include <stdbool.h>

/* What the program is called then. */
#define AGENT_INIT_NAME "thaw-init"

/* Runs argv, perhaps behind a "--", until it ends; what a shell would say of its end. */
int agent_init_run(char **argv);

#endif
