/* SPDX-License-Identifier: Apache-2.0 */
/* The OCI runtime's program. */
#ifndef AGENT_RUNTIME_H
#define AGENT_RUNTIME_H

/*
 * Copies the runtime into a sealed memory file, and in a guest removes the original. A runtime that stays a path (a
 * test's script, or after a failure) works as well, but slower.
 */
void agent_runtime_seal(void);

/* Returns a descriptor to execute, 3 or above; -1: execute the runtime by its path. */
int agent_runtime_program(void);

#endif
