// SPDX-License-Identifier: Apache-2.0
/* Reaps dead children and reports each to its owner. */
#define _GNU_SOURCE
#include "main/signals.h"

#include "base/child.h"
#include "base/log.h"
#include "base/loop.h"
#include "container/start.h"
#include "process/cgroup.h"
#include "process/orphan.h"
#include "process/process.h"
#include "transport/store.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

static void reap(void) {
  siginfo_t dead;

  /* look at a process before it is reaped: a zombie still has a name, see agent_launch_before_reap */
  while (dead.si_pid = 0, waitid(P_ALL, 0, &dead, WEXITED | WNOHANG | WNOWAIT) == 0 && dead.si_pid > 0) {
    struct agent_process *process;
    char name[AGENT_COMM_MAX];
    int status = 0;

    agent_launch_name_of(dead.si_pid, name);
    agent_launch_before_reap(dead.si_pid, name);
    process = agent_process_by_pid(dead.si_pid);
    if (process && !process->is_exec)
      process->oom_kills = agent_cgroup_oom_kills(dead.si_pid);
    if (waitpid(dead.si_pid, &status, WNOHANG) != dead.si_pid)
      return;
    if (process)
      agent_process_end(process, status);
    else if (!agent_child_reaped(dead.si_pid, status) && agent_launch_is_busy())
      agent_orphan_note(dead.si_pid, status, name);
  }
}

static void on_signal(struct agent_source *source, short revents) {
  struct signalfd_siginfo info;

  (void)revents;
  while (read(source->fd, &info, sizeof info) == sizeof info)
    if (info.ssi_signo == SIGTERM)
      exit(0);
  reap();
}

void agent_signals_init(void) {
  static struct agent_source source = {.events = POLLIN, .ready = on_signal};
  sigset_t handled;

  sigemptyset(&handled);
  sigaddset(&handled, SIGCHLD);
  if (!agent_store_is_real())
    sigaddset(&handled, SIGTERM); /* ends a test and prints the leak checker's result */
  sigprocmask(SIG_BLOCK, &handled, NULL);
  signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_CHILD_SUBREAPER, 1); /* for tests, where the agent need not be PID 1 */
  source.fd = signalfd(-1, &handled, SFD_CLOEXEC | SFD_NONBLOCK);
  if (source.fd < 0)
    agent_die("Cannot receive signals: %s", strerror(errno));
  agent_loop_add(&source);
}
