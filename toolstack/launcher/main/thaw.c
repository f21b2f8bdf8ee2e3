// SPDX-License-Identifier: Apache-2.0
/*
 * thaw: the command for people and engines. It knows no subcommand itself: thawd parses and answers, and the shim
 * carries the streams. This program lends both its terminal, pipes and signals, and ends with the process's exit
 * status.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "main/launcher.h"

extern char **environ;

bool quiet;

/* Prints one line for a person to stderr. */
void say(const char *format, ...) {
  char line[1024] = "thaw: ";
  size_t at = strlen(line);
  va_list args;

  if (quiet)
    return;
  va_start(args, format);
  vsnprintf(line + at, sizeof line - at - 1, format, args);
  va_end(args);
  strcat(line, "\n");
  if (write(STDERR_FILENO, line, strlen(line)) < 0)
    return;
}

int64_t clock_ms(void) {
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Opens /dev/null for each standard descriptor that the caller closed, so that no socket becomes 0, 1 or 2. */
static int fill_standard(void) {
  for (int fd = 0; fd <= 2; fd++) {
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY) != fd)
      return -1;
  }
  return 0;
}

/* Replaces the status of a failure of thaw itself by the one that engines expect. */
static int failure(int argc, char **argv, int status) {
  return status == EXIT_TOOLSTACK && argc > 0 && is_runtime(argc, argv) ? EXIT_RUNTIME : status;
}

/* Call after the first connection attempt failed, with its errno. Returns 0 once connected, or -1 with errno. */
static int reach(struct launcher *launcher, int argc, char **argv, int signals_fd) {
  if (is_runtime(argc, argv))
    return start_thawd(&launcher->thawd, launcher->socket_path, signals_fd);
  return works_offline(argc, argv) ? -1 : await_thawd(launcher, signals_fd);
}

/* Sends the request on the open connection and returns the exit status. */
static int ask(struct launcher *launcher, int argc, char **argv, int signals_fd) {
  output_init(&launcher->out[0], STDOUT_FILENO);
  output_init(&launcher->out[1], STDERR_FILENO);
  if (request_put(&launcher->thawd, argc, argv, environ) != 0)
    return EXIT_TOOLSTACK;
  request_taken_begin(launcher, works_offline(argc, argv));
  return loop_run(launcher, signals_fd);
}

int main(int argc, char **argv) {
  struct launcher launcher = {.thawd.fd = -1, .shim.fd = -1, .oom = {.used = -1, .limit = -1, .proc = -1}};
  const char *socket_path = getenv("THAW_SOCKET");
  int signals_fd, status;

  if (socket_path == NULL || *socket_path == '\0')
    socket_path = SOCKET_PATH;
  if (argc < 1 || fill_standard() != 0) {
    say("Cannot start: %s", strerror(errno));
    return EXIT_TOOLSTACK;
  }
  signals_fd = signals_init();
  if (signals_fd < 0) {
    say("Cannot start: %s", strerror(errno));
    return EXIT_TOOLSTACK;
  }
  await_begin(&launcher, socket_path, !is_runtime(argc, argv));
  if (connection_open(&launcher.thawd, socket_path) != 0 && reach(&launcher, argc, argv, signals_fd) != 0)
    return failure(argc, argv, offline(argc, argv, socket_path, errno));
  do
    status = ask(&launcher, argc, argv, signals_fd);
  while (is_runtime(argc, argv) && start_thawd_again(&launcher, socket_path, signals_fd) == 0);
  if (launcher.stand_in != 0)
    stand_in_end(&launcher, status);
  if (launcher.take_error != 0)
    return failure(argc, argv, offline(argc, argv, socket_path, launcher.take_error));
  /* Replace only statuses of thaw itself: any other may be a process's. */
  return launcher.state == PROCESS_NONE && !launcher.done ? failure(argc, argv, status) : status;
}
