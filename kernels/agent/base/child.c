// SPDX-License-Identifier: Apache-2.0
/* Runs programs as children of the agent and isolates the agent from them. */
#define _GNU_SOURCE
#include "base/child.h"

#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static struct agent_child *children;

/* The agent is exempt from the OOM killer; a container must not inherit that. */
static void become_killable(void) {
  int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

  if (fd >= 0 && write(fd, "0", 1) == 1)
    close(fd);
}

static void become_ordinary(void) {
  sigset_t none;

  sigemptyset(&none);
  signal(SIGPIPE, SIG_DFL);
  sigprocmask(SIG_SETMASK, &none, NULL);
  become_killable();
  setsid();
}

_Noreturn static void run(int program, const char *const *argv, const int fds[3]) {
  static char *const environment[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL};
  int copies[3];

  become_ordinary();
  /* move the descriptors away first: a source may have the number of another's target */
  for (int i = 0; i < 3; i++)
    copies[i] = fcntl(fds[i], F_DUPFD, 3);
  for (int i = 0; i < 3; i++)
    if (dup2(copies[i], i) < 0)
      _exit(127);
  close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
  if (program >= 0)
    execveat(program, "", (char *const *)argv, environment, AT_EMPTY_PATH);
  execve(argv[0], (char *const *)argv, environment);
  _exit(127);
}

static void add(struct agent_child *child, pid_t pid) {
  child->pid = pid;
  child->next = children;
  children = child;
}

pid_t agent_child_start(int program, const char *const *argv, const int fds[3]) {
  pid_t pid = fork();

  if (pid == 0)
    run(program, argv, fds);
  return pid < 0 ? 0 : pid;
}

bool agent_child_spawn(struct agent_child *child, int program, const char *const *argv, const int fds[3]) {
  pid_t pid = agent_child_start(program, argv, fds);

  if (pid == 0)
    return false;
  add(child, pid);
  return true;
}

bool agent_child_fork(struct agent_child *child, int (*work)(void *context), void *context) {
  pid_t pid = fork();

  if (pid < 0)
    return false;
  if (pid == 0) {
    become_ordinary();
    _exit(work(context));
  }
  add(child, pid);
  return true;
}

bool agent_child_reaped(pid_t pid, int wait_status) {
  for (struct agent_child **link = &children; *link; link = &(*link)->next) {
    struct agent_child *child = *link;

    if (child->pid != pid)
      continue;
    *link = child->next;
    child->pid = 0;
    child->ended(child, wait_status);
    return true;
  }
  return false;
}
