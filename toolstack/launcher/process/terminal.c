// SPDX-License-Identifier: Apache-2.0
/* Sets the caller's terminal to raw mode while a process runs, and restores it on every exit path. */
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "main/launcher.h"

static struct termios saved;
static volatile sig_atomic_t is_raw;

bool terminal_size(struct thaw_winsize *size_out) {
  for (int fd = 0; fd <= 2; fd++) {
    struct winsize size;

    if (ioctl(fd, TIOCGWINSZ, &size) == 0) {
      size_out->rows = size.ws_row;
      size_out->cols = size.ws_col;
      return true;
    }
  }
  return false;
}

/* Blocks SIGTTOU, which would stop a background launcher that sets the terminal. */
static void set(const struct termios *mode) {
  sigset_t block, before;

  sigemptyset(&block);
  sigaddset(&block, SIGTTOU);
  sigprocmask(SIG_BLOCK, &block, &before);
  tcsetattr(STDIN_FILENO, TCSANOW, mode);
  sigprocmask(SIG_SETMASK, &before, NULL);
}

/* Acts only in the terminal's foreground process group: another group's shell prompt must not become raw. */
void terminal_raw(void) {
  struct termios raw;

  if (tcgetpgrp(STDIN_FILENO) != getpgrp())
    return;
  if (!is_raw && tcgetattr(STDIN_FILENO, &saved) != 0)
    return;
  raw = saved;
  cfmakeraw(&raw);
  is_raw = 1;
  set(&raw);
}

void terminal_restore(void) {
  if (!is_raw)
    return;
  is_raw = 0;
  set(&saved);
}
