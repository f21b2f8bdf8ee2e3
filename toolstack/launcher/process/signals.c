// SPDX-License-Identifier: Apache-2.0
/*
 * Forwards signals. Before a process is joined, the signals that end a command cancel it at thawd; afterwards all
 * signals go to the process. Signals that the caller ignored stay ignored (nohup, background jobs).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "main/launcher.h"
#include "stand-in/stats.h"

static const int forwarded[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGCONT, SIGWINCH};
static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGXCPU};
static int ends[2] = {-1, -1};

/* No SA_RESTART: a signal must interrupt a write that blocks in a stalled terminal. */
static void on_signal(int number) {
  uint8_t byte = (uint8_t)number;
  int saved = errno;

  if (write(ends[1], &byte, 1) < 0)
    errno = saved;
  errno = saved;
}

static void on_fatal(int number) {
  terminal_restore();
  signal(number, SIG_DFL);
  raise(number);
}

int signals_init(void) {
  struct sigaction action = {.sa_handler = on_signal}, before;

  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
    return -1;
  signal(SIGPIPE, SIG_IGN);
  for (unsigned i = 0; i < sizeof forwarded / sizeof *forwarded; i++) {
    if (sigaction(forwarded[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
      sigaction(forwarded[i], &action, NULL);
  }
  action.sa_handler = on_fatal;
  for (unsigned i = 0; i < sizeof fatal / sizeof *fatal; i++)
    sigaction(fatal[i], &action, NULL);
  return ends[0];
}

int signals_anew(void) {
  int own[2], rc = -1;

  if (pipe2(own, O_CLOEXEC | O_NONBLOCK) != 0)
    return -1;
  if (dup3(own[0], ends[0], O_CLOEXEC) >= 0 && dup3(own[1], ends[1], O_CLOEXEC) >= 0)
    rc = 0;
  close(own[0]);
  close(own[1]);
  return rc;
}

/* Excludes the launcher's own faults and the kernel's signals for its children and its terminal's job control. */
void signals_all(void) {
  static const int own[] = {SIGKILL, SIGSTOP, SIGCHLD, SIGPIPE, SIGSEGV, SIGBUS, SIGFPE, SIGILL,
                            SIGABRT, SIGSYS,  SIGTTOU, SIGTTIN, SIGTSTP, SIGURG, SIGTRAP};
  struct sigaction action = {.sa_handler = on_signal};

  for (int number = 1; number <= SIGRTMAX; number++) {
    bool passed = number < 32 || number >= SIGRTMIN; /* the C library reserves the numbers in between */

    for (unsigned i = 0; i < sizeof own / sizeof *own; i++)
      passed = passed && own[i] != number;
    if (passed)
      sigaction(number, &action, NULL);
  }
}

/* Sends the signals that arrived before the process was attached. */
void signals_forward(struct launcher *launcher) {
  for (uint32_t number = 1; number <= 64; number++) {
    if ((launcher->signals & (1ull << (number - 1))) != 0)
      connection_put(&launcher->shim, THAW_SIGNAL, launcher->process, number, NULL, 0);
  }
  launcher->signals = 0;
}

static void end_now(const struct launcher *launcher, int number) {
  terminal_restore();
  stats_end(launcher);
  _exit(128 + number);
}

static bool asks_to_end(int number) {
  return number == SIGHUP || number == SIGINT || number == SIGQUIT || number == SIGTERM;
}

static void take(struct launcher *launcher, int number) {
  if (number == SIGCONT && launcher->state == PROCESS_ATTACHED && (launcher->flags & THAW_PROCESS_TTY) != 0)
    terminal_raw(); /* the shell may have changed the terminal's mode while the launcher was stopped */
  if (number == SIGCONT || number == SIGWINCH)
    attach_winsize(launcher);
  if (number == SIGWINCH)
    return;
  switch (launcher->state) {
  case PROCESS_NONE:
    if (!asks_to_end(number))
      return;
    if (launcher->cancelled || !request_taken(launcher))
      end_now(launcher, number);
    launcher->cancelled = true;
    connection_put(&launcher->thawd, THAW_CANCEL, 0, (uint32_t)number, NULL, 0);
    return;
  case PROCESS_JOINING:
    launcher->signals |= 1ull << (number - 1);
    return;
  case PROCESS_ATTACHED:
    /* thawd ended before it started the process: no process gets the signal, and the user wants to quit */
    if (launcher->thawd.fd < 0 && !launcher->heard && asks_to_end(number))
      end_now(launcher, number);
    connection_put(&launcher->shim, THAW_SIGNAL, launcher->process, (uint32_t)number, NULL, 0);
    return;
  default: /* the process has ended: the launcher waits for thawd's clean-up or the rest of the command */
    if (asks_to_end(number) && launcher->is_part)
      end_now(launcher, number);
    if (asks_to_end(number) && launcher->stand_in != 0)
      stand_in_end(launcher, launcher->status);
    if (asks_to_end(number))
      _exit(launcher->status);
  }
}

void signals_take(struct launcher *launcher) {
  uint8_t numbers[64];
  ssize_t n = read(ends[0], numbers, sizeof numbers);

  for (ssize_t i = 0; i < n; i++)
    take(launcher, numbers[i]);
}
