// SPDX-License-Identifier: Apache-2.0
/*
 * Replaces the file server in the shim's own tests, which have no domain. It does what a requested path says, then
 * waits like an idle file server. Its fid snapshot is one word, which it also restores.
 */
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link/descriptor.h"
#include "shares/shares.h"

#include <signal.h>

static void say(const char *text) {
  send(SHARES_SOCKET, text, strlen(text), MSG_NOSIGNAL);
}

static void on_continue(int number) {
  (void)number;
}

/* Waits for SIGCONT, which has a handler from then on: the first process of a PID namespace cannot stop itself. */
static void wait_for_continue(void) {
  sigset_t set, before;

  sigemptyset(&set);
  sigaddset(&set, SIGCONT);
  sigprocmask(SIG_BLOCK, &set, &before);
  signal(SIGCONT, on_continue);
  sigsuspend(&before);
  sigprocmask(SIG_SETMASK, &before, NULL);
}

/* Ends when stopped twice, or when resumed without being stopped. */
static int obey(bool is_stubborn, bool is_late) {
  static char message[SHARES_MESSAGE_MAX];
  bool is_stopped = false;
  ssize_t n;
  int fd;

  while ((n = descriptor_receive(SHARES_SOCKET, message, sizeof message - 1, &fd)) > 0) {
    message[n] = '\0';
    if (strcmp(message, fd >= 0 ? SHARES_SAVE : SHARES_RESUME) != 0 || (fd < 0) != is_stopped)
      return 1;
    is_stopped = fd >= 0 && !is_stubborn;
    if (is_late) { /* once; the test says when */
      is_late = false;
      wait_for_continue();
    }
    if (fd >= 0 && write(fd, "saved", 5) == 5)
      say(is_stubborn ? SHARES_NOT_SAVED "a file is gone" : SHARES_SAVED);
    if (fd >= 0)
      close(fd);
  }
  return 0;
}

int shares_server_run(const char *domid, const char *page) {
  static char message[SHARES_MESSAGE_MAX];
  char saved[5];
  ssize_t n;
  int fd;

  (void)domid;
  (void)page;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  n = descriptor_receive(SHARES_SOCKET, message, sizeof message, &fd);
  if (n <= 0)
    return 1;
  if (memmem(message, (size_t)n, "/refused", 8) != NULL) {
    say("Cannot share /refused");
    return 1;
  }
  if (fd >= 0 && (read(fd, saved, 5) != 5 || memcmp(saved, "saved", 5) != 0)) {
    say("Cannot restore the fid snapshot");
    return 1;
  }
  if (memmem(message, (size_t)n, "/one", 4) != NULL) {
    say("It was told the path of the fid snapshot");
    return 1;
  }
  if (memmem(message, (size_t)n, "/slow", 5) == NULL)
    say(SHARES_SERVED);
  return obey(memmem(message, (size_t)n, "/stubborn", 9) != NULL, memmem(message, (size_t)n, "/late", 5) != NULL);
}
