/* SPDX-License-Identifier: Apache-2.0 */
/* TCP connections that a copy of the guest would share with it. */
#ifndef AGENT_TCP_H
#define AGENT_TCP_H

#include <stdbool.h>
#include <sys/types.h>

/* Counts the open TCP connections in a process's network namespace, half-open ones included; -1: not known. */
int agent_tcp_count(pid_t pid);

#endif
