/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Children that nobody knew when they died. A process of EXEC may be over before crun has told its pid: this is where
 * its end is found then.
 */
#ifndef AGENT_ORPHAN_H
#define AGENT_ORPHAN_H

#include <stdbool.h>
#include <sys/types.h>

/* The name is what the kernel called it at its end, shorter than 32. */
void agent_orphan_note(pid_t pid, int wait_status, const char *name);

/* The end of the child of that pid that died last, once; false: the pid is one that lives, or long gone. */
bool agent_orphan_take(pid_t pid, int *wait_status_out, char name_out[32]);

#endif
