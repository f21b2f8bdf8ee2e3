// SPDX-License-Identifier: Apache-2.0
/*
 * thaw-init -- COMMAND [ARG...]: the first process of a container with --init. It passes signals on to the command,
 * reaps orphans, and ends with the command's status. It is the agent's program under another name.
 */
#define _GNU_SOURCE
#include "main/init.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The shell's exit codes for a missing program and for one that cannot be executed. */
#define NOT_FOUND 127
#define NOT_EXECUTABLE 126

/* Runs the command in a process group of its own, in the foreground of the terminal if there is one: the keys for
 * signals then reach the command once. */
_Noreturn static void become(char **argv, const sigset_t *before) {
  setpgid(0, 0);
  if (isatty(STDIN_FILENO)) {
    signal(SIGTTOU, SIG_IGN);
    tcsetpgrp(STDIN_FILENO, getpid());
    signal(SIGTTOU, SIG_DFL);
  }
  sigprocmask(SIG_SETMASK, before, NULL);
  execvp(argv[0], argv);
  fprintf(stderr, "thaw-init: cannot run %s: %s\n", argv[0], strerror(errno));
  _exit(errno == ENOENT ? NOT_FOUND : NOT_EXECUTABLE);
}

/* Reaps the dead. Returns true if the command has ended, and gives the shell's exit code in *status_out. */
static bool reap(pid_t command, int *status_out) {
  bool has_ended = false;
  int status;
  pid_t pid;

  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
    if (pid != command)
      continue;
    has_ended = true;
    *status_out = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return has_ended;
}

int agent_init_run(char **argv) {
  sigset_t all, before;
  siginfo_t info;
  int status = 0;
  pid_t command;

  if (argv[0] && strcmp(argv[0], "--") == 0)
    argv++;
  if (!argv[0])
    return NOT_FOUND;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  command = fork();
  if (command < 0)
    return NOT_EXECUTABLE;
  if (command == 0)
    become(argv, &before);
  for (;;) {
    int signal = sigwaitinfo(&all, &info);

    if (signal == SIGCHLD && reap(command, &status))
      return status;
    if (signal > 0 && signal != SIGCHLD)
      kill(command, signal);
  }
}
