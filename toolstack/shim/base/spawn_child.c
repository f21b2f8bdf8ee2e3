// SPDX-License-Identifier: Apache-2.0
/* Clones as posix_spawn(3) does, which knows no namespaces: the child borrows the shim's memory until it executes. */
#include "base/spawn_child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { STACK_BYTES = 64 * 1024, ABOVE = SPAWN_FIRST + SPAWN_MOST };

struct child {
  char *const *argv;
  const int *fds;
  unsigned count;
  int error; /* set by the child, in the memory of both */
};

/* Gives the descriptors their numbers by way of others above: one may have the number that another is to get. */
__attribute__((no_sanitize("address", "undefined"))) static bool number_descriptors(const struct child *child) {
  int above[SPAWN_MOST];

  for (unsigned i = 0; i < child->count; i++)
    if ((above[i] = fcntl(child->fds[i], F_DUPFD_CLOEXEC, ABOVE)) < 0)
      return false;
  for (unsigned i = 0; i < child->count; i++)
    if (dup2(above[i], SPAWN_FIRST + (int)i) < 0)
      return false;
  return true;
}

/* The sanitizers would mark the child's frames in memory that the shim goes on using. */
__attribute__((no_sanitize("address", "undefined"))) static int run(void *argument) {
  struct child *child = argument;
  sigset_t none;

  sigemptyset(&none);
  if (number_descriptors(child) && sigprocmask(SIG_SETMASK, &none, NULL) == 0)
    execve("/proc/self/exe", child->argv, environ);
  child->error = errno;
  _exit(1);
}

int spawn_child(char *const *argv, const int *fds, unsigned count, int flags, pid_t *pid_out) {
  struct child child = {.argv = argv, .fds = fds, .count = count};
  char *stack;
  sigset_t all, before;
  int error;

  if (count > SPAWN_MOST)
    return EINVAL;
  stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED)
    return errno;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, &before);
  *pid_out = clone(run, stack + STACK_BYTES, CLONE_VM | CLONE_VFORK | SIGCHLD | flags, &child);
  error = *pid_out < 0 ? errno : child.error;
  if (*pid_out > 0 && error != 0)
    waitpid(*pid_out, NULL, 0);
  sigprocmask(SIG_SETMASK, &before, NULL);
  munmap(stack, STACK_BYTES);
  return error;
}
