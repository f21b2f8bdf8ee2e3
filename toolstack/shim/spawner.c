// SPDX-License-Identifier: Apache-2.0
/*
 * How thawd starts shims without forking itself: a copy of thawd's page tables takes a Xen dom0 twenty milliseconds, a
 * copy of this process's none that counts.
 */
#include "spawner.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* DIR is a path below /run or /var; the longest that Linux has, and the other two words */
enum { LINE_MAX_BYTES = 4096 + 256 };

extern char **environ;

/* Parts "DOMID VCHAN-PATH DIR" in place. A folder may have spaces, a newline ends it. */
static int line_parse(char *line, char **domid, char **vchan, char **dir) {
  size_t length = strlen(line);

  if (length == 0 || line[length - 1] != '\n')
    return -1;
  line[length - 1] = '\0';
  *domid = line;
  *vchan = strchr(line, ' ');
  if (*vchan == NULL)
    return -1;
  *(*vchan)++ = '\0';
  *dir = strchr(*vchan, ' ');
  if (*dir == NULL)
    return -1;
  *(*dir)++ = '\0';
  return **dir == '/' ? 0 : -1;
}

/* The shim's messages go to DIR/shim.log. Returns 0 or an errno. */
static int spawn(char *domid, char *vchan, char *dir, pid_t *pid_out) {
  char *argv[] = {"thaw-shim", "--domid", domid, "--vchan", vchan, "--dir", dir, NULL};
  char log[4096 + 16];
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, all;
  int error;

  if (snprintf(log, sizeof log, "%s/shim.log", dir) >= (int)sizeof log)
    return ENAMETOOLONG;
  sigemptyset(&none);
  sigfillset(&all);
  error = posix_spawn_file_actions_init(&actions);
  if (error != 0)
    return error;
  error = posix_spawnattr_init(&attributes);
  if (error != 0)
    goto out_actions;
  if ((error = posix_spawnattr_setsigmask(&attributes, &none)) != 0 ||
      (error = posix_spawnattr_setsigdefault(&attributes, &all)) != 0 ||
      (error = posix_spawnattr_setflags(&attributes,
                                        POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)) != 0 ||
      (error = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)) != 0 ||
      (error = posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0600)) != 0 ||
      (error = posix_spawn_file_actions_adddup2(&actions, 1, 2)) != 0)
    goto out;
  error = posix_spawn(pid_out, "/proc/self/exe", &actions, &attributes, argv, environ);
out:
  posix_spawnattr_destroy(&attributes);
out_actions:
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

int spawner_run(void) {
  static char line[LINE_MAX_BYTES];

  signal(SIGCHLD, SIG_IGN); /* nobody waits for a shim */
  signal(SIGPIPE, SIG_IGN);
  if (chdir("/") != 0)
    return 1;
  while (fgets(line, sizeof line, stdin) != NULL) {
    char *domid, *vchan, *dir;
    pid_t pid = 0;
    int error = line_parse(line, &domid, &vchan, &dir) == 0 ? spawn(domid, vchan, dir, &pid) : EINVAL;

    if (error == 0)
      printf("%d\n", (int)pid);
    else
      printf("error %s\n", strerror(error));
    if (fflush(stdout) != 0)
      return 1;
  }
  return 0;
}
