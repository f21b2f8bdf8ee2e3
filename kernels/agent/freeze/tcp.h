/* SPDX-License-Identifier: Apache-2.0 */
/* Connections that a copy of the guest would share with it. */
#ifndef AGENT_TCP_H
#define AGENT_TCP_H

#include <stdbool.h>
#include <sys/types.h>

/* How many TCP connections are open in the network namespace of a process, half-open ones included; -1: cannot tell. */
int agent_tcp_count(pid_t pid);

#endif
