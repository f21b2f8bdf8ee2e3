/* SPDX-License-Identifier: Apache-2.0 */
/* Starts a process of a sandbox: its relay, or a 9P server. */
#ifndef SHIM_SPAWN_CHILD_H
#define SHIM_SPAWN_CHILD_H

#include <sys/types.h>

/* The first descriptor that a child inherits beside the shim's log, which is its standard output and error. */
#define SPAWN_FIRST 3
#define SPAWN_MOST 2u

/*
 * Starts this program with `argv` in the new namespaces that `flags` asks for (CLONE_NEWPID and the like), where a new
 * PID namespace shows it no other process. It inherits the shim's log, and `fds` as descriptors SPAWN_FIRST and
 * following: exec closes all others, so they must be close-on-exec. Returns 0 or an errno.
 */
int spawn_child(char *const *argv, const int *fds, unsigned count, int flags, pid_t *pid_out);

#endif
