// SPDX-License-Identifier: Apache-2.0
/* Clones as posix_spawn(3) does, which knows no namespaces: the child borrows the shim's memory until it executes. */
#include "shares/spawn_server.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { STACK_BYTES = 64 * 1024 };

struct child {
  char **argv;
  const int *fds;
  int number;
  int error; /* set by the child, in the memory of both */
};

/* The sanitizers would mark the child's frames in memory that the shim goes on using. */
__attribute__((no_sanitize("address", "undefined"))) static int run(void *argument) {
  struct child *child = argument;
  sigset_t none;

  sigemptyset(&none);
  if (dup2(child->fds[0], child->number) >= 0 && dup2(child->fds[1], child->number + 1) >= 0 &&
      sigprocmask(SIG_SETMASK, &none, NULL) == 0)
    execve("/proc/self/exe", child->argv, environ);
  child->error = errno;
  _exit(1);
}

int spawn_server(unsigned domid, unsigned page, const int fds[2], int number, pid_t *pid_out) {
  char domain[16], page_text[16];
  char *argv[] = {"thaw-shim", "--files", domain, page_text, NULL};
  struct child child = {.argv = argv, .fds = fds, .number = number};
  char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  sigset_t all, before;
  int error;

  if (stack == MAP_FAILED)
    return errno;
  snprintf(domain, sizeof domain, "%u", domid);
  snprintf(page_text, sizeof page_text, "%u", page);
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, &before);
  *pid_out = clone(run, stack + STACK_BYTES, CLONE_VM | CLONE_VFORK | CLONE_NEWPID | SIGCHLD, &child);
  error = *pid_out < 0 ? errno : child.error;
  if (*pid_out > 0 && error != 0)
    waitpid(*pid_out, NULL, 0);
  sigprocmask(SIG_SETMASK, &before, NULL);
  munmap(stack, STACK_BYTES);
  return error;
}
