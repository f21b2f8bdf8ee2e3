/* SPDX-License-Identifier: Apache-2.0 */
/* The OCI runtime's program, as the agent runs it. */
#ifndef AGENT_RUNTIME_H
#define AGENT_RUNTIME_H

/*
 * Puts the runtime into a sealed memory file, in the guest in place of its file. A program that stays a path (a script
 * of a test, or where this fails) runs as well, only slower.
 */
void agent_runtime_seal(void);

/* A descriptor to execute, 3 or above; -1: by its path. */
int agent_runtime_program(void);

#endif
