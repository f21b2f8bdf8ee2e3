/* SPDX-License-Identifier: Apache-2.0 */
/* Files outside the guest that a copy of it would have open as well. */
#ifndef AGENT_VOLUMES_H
#define AGENT_VOLUMES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Whether a volume is mounted where a process looks: 1 and where in `where`, 0 none, -1 cannot tell. Files of dom0
 * count as none where they `keep`: what is open of them dom0 has written down.
 */
int agent_volumes_find(pid_t pid, bool files_keep, char *where, size_t size);

#endif
