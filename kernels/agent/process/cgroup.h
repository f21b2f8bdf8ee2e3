/* SPDX-License-Identifier: Apache-2.0 */
/* All processes of a container at once: stopped where they are, let go on, and limited. */
#ifndef AGENT_CGROUP_H
#define AGENT_CGROUP_H

#include "base/path.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The folder of a process's cgroup. False: errno says why, EXDEV when it is the agent's own. */
bool agent_cgroup_of(pid_t pid, char folder[AGENT_PATH_MAX]);

/* Writes one of its files; names have at most 31 characters. False: errno says why. */
bool agent_cgroup_write(const char *folder, const char *name, const void *value, size_t length);

/* How many processes of the cgroup that it is in, or was as a zombie, the kernel has killed for want of memory. */
uint32_t agent_cgroup_oom_kills(pid_t pid);

/* Asks the kernel to stop what is in it, or to let it go on. False: errno says why. */
bool agent_cgroup_stop(const char *folder, bool stop);

/* Whether all of it stands still. */
bool agent_cgroup_is_stopped(const char *folder);

#endif
