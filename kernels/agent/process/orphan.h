/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exit statuses of unknown children. An EXEC process may end before crun has reported its pid; the agent then finds
 * its status here.
 */
#ifndef AGENT_ORPHAN_H
#define AGENT_ORPHAN_H

#include <stdbool.h>
#include <sys/types.h>

/* Notes an exit status; name is the kernel's name of the child at its end, shorter than 32. */
void agent_orphan_note(pid_t pid, int wait_status, const char *name);

/*
 * Takes the status of the last dead child with that pid, once. False: the child is alive, or its status is no longer
 * kept.
 */
bool agent_orphan_take(pid_t pid, int *wait_status_out, char name_out[32]);

#endif
