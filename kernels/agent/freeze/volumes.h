/* SPDX-License-Identifier: Apache-2.0 */
/* Files outside the guest that a copy of it would have open as well. */
#ifndef AGENT_VOLUMES_H
#define AGENT_VOLUMES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Looks for a volume in a process's mount namespace. Returns 1 and its path in `where`, 0 for none, -1 if not known.
 * Shares do not count if dom0 keeps their open files (saves_fids).
 */
int agent_volumes_find(pid_t pid, bool saves_fids, char *where, size_t size);

#endif
