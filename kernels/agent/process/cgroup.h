/* SPDX-License-Identifier: Apache-2.0 */
/* Freezes, resumes and limits all processes of a container at once. */
#ifndef AGENT_CGROUP_H
#define AGENT_CGROUP_H

#include "base/path.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Gives the folder of a process's cgroup. False: errno says why, EXDEV when it is the agent's own. */
bool agent_cgroup_of(pid_t pid, char folder[AGENT_PATH_MAX]);

/* Writes one of a cgroup's files; names have at most 31 characters. False: errno says why. */
bool agent_cgroup_write(const char *folder, const char *name, const void *value, size_t length);

/*
 * Counts the processes that the kernel has killed for want of memory in the process's cgroup. The process may be a
 * zombie.
 */
uint32_t agent_cgroup_oom_kills(pid_t pid);

/* Asks the kernel to freeze the cgroup, or to resume it. False: errno says why. */
bool agent_cgroup_freeze(const char *folder, bool stop);

/* Returns true if all processes of the cgroup are frozen. */
bool agent_cgroup_is_frozen(const char *folder);

#endif
