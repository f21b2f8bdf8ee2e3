/* SPDX-License-Identifier: Apache-2.0 */
/* Files outside the guest that a copy of it would have open as well. */
#ifndef AGENT_VOLUMES_H
#define AGENT_VOLUMES_H

#include <stddef.h>
#include <sys/types.h>

/* Whether a volume is mounted where a process looks: 1 and where in `where`, 0 none, -1 cannot tell. */
int agent_volumes_find(pid_t pid, char *where, size_t size);

#endif
