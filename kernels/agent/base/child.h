/* SPDX-License-Identifier: Apache-2.0 */
/* Programs the agent runs: started without waiting, their end reported from the loop. */
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
 * Starts a program, a descriptor above 2 or -1 for argv[0], with fds as 0, 1, 2 and nothing else open; the caller keeps
 * its copies of fds.
 */
bool agent_child_spawn(struct agent_child *child, int program, const char *const *argv, const int fds[3]);

/* Runs a function in a process of its own; what it returns, 0..255, is that process's exit code. Descriptors stay open.
 */
bool agent_child_fork(struct agent_child *child, int (*work)(void *context), void *context);
/* The same, but nobody is told of its end. 0: errno says why. */
pid_t agent_child_start(int program, const char *const *argv, const int fds[3]);

/* Called with every pid that is reaped; true when it was a child of this kind. */
bool agent_child_reaped(pid_t pid, int wait_status);

#endif
