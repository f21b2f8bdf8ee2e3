/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that the agent runs: the agent starts them without waiting, and the loop reports their end. */
#ifndef AGENT_CHILD_H
#define AGENT_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

struct agent_child {
  void (*ended)(struct agent_child *child, int wait_status);
  void *owner;
  pid_t pid; /* 0: not running */
  struct agent_child *next;
};

/*
 * Starts a program, given by a descriptor above 2, or by argv[0] if it is -1. The program gets fds as 0, 1, 2 and no
 * other descriptors; the caller keeps its copies of fds.
 */
bool agent_child_spawn(struct agent_child *child, int program, const char *const *argv, const int fds[3]);

/* Runs a function in a process of its own. The function returns that process's exit code, 0..255. Descriptors stay
 * open. */
bool agent_child_fork(struct agent_child *child, int (*work)(void *context), void *context);
/* Like agent_child_spawn(), but without a report of the end. 0: errno says why. */
pid_t agent_child_start(int program, const char *const *argv, const int fds[3]);

/* Must be called with every reaped pid; returns true if it was a child of this kind. */
bool agent_child_reaped(pid_t pid, int wait_status);

#endif
