/* SPDX-License-Identifier: Apache-2.0 */
/* Starts the process of a 9P server. */
#ifndef SHIM_SPAWN_SERVER_H
#define SHIM_SPAWN_SERVER_H

#include <sys/types.h>

/*
 * Starts this program as `--files DOMID`, the first process of a PID namespace: it sees no other process. It inherits
 * only the shim's log, and `socket` as descriptor `number`: exec closes all other descriptors. Returns 0 or an errno.
 */
int spawn_server(unsigned domid, int socket, int number, pid_t *pid_out);

#endif
