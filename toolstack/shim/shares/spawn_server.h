/* SPDX-License-Identifier: Apache-2.0 */
/* Starts the process of a 9P server. */
#ifndef SHIM_SPAWN_SERVER_H
#define SHIM_SPAWN_SERVER_H

#include <sys/types.h>

/*
 * Starts this program as `--files DOMID PAGE`, the first process of a PID namespace: it sees no other process. It
 * inherits only the shim's log, and the two of `fds` as descriptors `number` and the next: exec closes all others.
 * The second must be above both numbers, and the first not be `number`. Returns 0 or an errno.
 */
int spawn_server(unsigned domid, unsigned page, const int fds[2], int number, pid_t *pid_out);

#endif
