// SPDX-License-Identifier: Apache-2.0
// time-command COUNT COMMAND [ARG...]: runs a command COUNT times, one after the other, without input or output, and
// prints the nanoseconds of each run from posix_spawn to its end. Exits with 1 as soon as a run does not exit with
// status 0.

#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

int main(int argc, char **argv) {
  posix_spawn_file_actions_t actions;
  int rc = 1;
  if (argc < 3) {
    fputs("usage: time-command COUNT COMMAND [ARG...]\n", stderr);
    return 2;
  }
  if (posix_spawn_file_actions_init(&actions) != 0)
    return 2;
  if (posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0) != 0 ||
      posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0) != 0)
    goto out;
  for (int left = atoi(argv[1]); left > 0; left--) {
    int64_t start = now_ns();
    pid_t pid;
    int status;
    int error = posix_spawnp(&pid, argv[2], &actions, NULL, argv + 2, environ);
    if (error != 0 || waitpid(pid, &status, 0) != pid || status != 0) {
      fprintf(stderr, "time-command: %s does not end with status 0\n", argv[2]);
      goto out;
    }
    printf("%lld\n", (long long)(now_ns() - start));
  }
  rc = 0;
out:
  posix_spawn_file_actions_destroy(&actions);
  return rc;
}
