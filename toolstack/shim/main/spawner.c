// SPDX-License-Identifier: Apache-2.0
/*
 * Starts shims for thawd, so that thawd does not fork itself: copying thawd's page tables takes a Xen dom0 twenty
 * milliseconds. Copying this process's page tables takes negligible time.
 */
#include "main/spawner.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "main/sandbox_cgroup.h"

/* Linux' longest path for DIR, which is below /run or /var, and room for the other words */
enum { LINE_MAX_BYTES = 4096 + 256 };

extern char **environ;

struct line {
  char *domid, *ring, *vchan, *cgroup, *dir;
};

/*
 * Splits "DOMID RING VCHAN-PATH CGROUP DIR" in place; RING is REF:PORT or "-", CGROUP a name or "-". DIR may have
 * spaces, and a newline ends it.
 */
static int line_parse(char *text, struct line *line_out) {
  char **parts[] = {&line_out->domid, &line_out->ring, &line_out->vchan, &line_out->cgroup, &line_out->dir};
  int last = sizeof parts / sizeof *parts - 1;
  size_t length = strlen(text);

  if (length == 0 || text[length - 1] != '\n')
    return -1;
  text[length - 1] = '\0';
  for (int i = 0; i <= last; i++) {
    *parts[i] = text;
    if (i == last)
      break;
    text = strchr(text, ' ');
    if (text == NULL)
      return -1;
    *text++ = '\0';
  }
  return *line_out->dir == '/' ? 0 : -1;
}

/* Starts the program with its messages in the file `log`, in the cgroup unless that is -1. Returns 0 or an errno. */
static int spawn_logged(char **argv, const char *log, int cgroup, posix_spawn_file_actions_t *actions,
                        posix_spawnattr_t *attributes, pid_t *pid_out) {
  short flags = POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
  sigset_t none, all;
  int error;

  sigemptyset(&none);
  sigfillset(&all);
  if (cgroup >= 0) {
    flags |= POSIX_SPAWN_SETCGROUP;
    if ((error = posix_spawnattr_setcgroup_np(attributes, cgroup)) != 0)
      return error;
  }
  if ((error = posix_spawnattr_setsigmask(attributes, &none)) != 0 ||
      (error = posix_spawnattr_setsigdefault(attributes, &all)) != 0 ||
      (error = posix_spawnattr_setflags(attributes, flags)) != 0 ||
      (error = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0)) != 0 ||
      (error = posix_spawn_file_actions_addopen(actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0600)) != 0 ||
      (error = posix_spawn_file_actions_adddup2(actions, 1, 2)) != 0)
    return error;
  return posix_spawn(pid_out, "/proc/self/exe", actions, attributes, argv, environ);
}

/* Starts a shim with its messages in DIR/shim.log. Returns 0 or an errno. */
static int spawn(const struct line *line, int cgroup, pid_t *pid_out) {
  bool has_ring = strcmp(line->ring, "-") != 0;
  char *argv[] = {"thaw-shim", "--domid", line->domid, "--vchan",
                  line->vchan, "--dir",   line->dir,   has_ring ? "--ring" : NULL,
                  line->ring,  NULL};
  char log[4096 + 16];
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int error;

  if (snprintf(log, sizeof log, "%s/shim.log", line->dir) >= (int)sizeof log)
    return ENAMETOOLONG;
  error = posix_spawn_file_actions_init(&actions);
  if (error != 0)
    return error;
  error = posix_spawnattr_init(&attributes);
  if (error == 0) {
    error = spawn_logged(argv, log, cgroup, &actions, &attributes, pid_out);
    posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

/* Starts a shim in its cgroup, where the line has one. Returns 0 or an errno. */
static int spawn_counted(const struct sandbox_cgroups *cgroups, const struct line *line, pid_t *pid_out) {
  int cgroup = -1, error;

  if (strcmp(line->cgroup, "-") == 0)
    return spawn(line, -1, pid_out);
  error = cgroups->dir != NULL ? sandbox_cgroup_open(cgroups, line->cgroup, &cgroup) : EINVAL;
  if (error != 0)
    return error;
  error = spawn(line, cgroup, pid_out);
  close(cgroup);
  return error;
}

int spawner_run(char **words) {
  static char text[LINE_MAX_BYTES];
  struct sandbox_cgroups cgroups = {.dir = words[0], .limits = words[0] != NULL ? words + 1 : words};

  signal(SIGCHLD, SIG_IGN); /* the kernel reaps the shims */
  signal(SIGPIPE, SIG_IGN);
  if (chdir("/") != 0)
    return 1;
  while (fgets(text, sizeof text, stdin) != NULL) {
    struct line line;
    pid_t pid = 0;
    int error = line_parse(text, &line) == 0 ? spawn_counted(&cgroups, &line, &pid) : EINVAL;

    if (error == 0)
      printf("%d\n", (int)pid);
    else
      printf("error %s\n", strerror(error));
    if (fflush(stdout) != 0)
      return 1;
  }
  return 0;
}
