// SPDX-License-Identifier: Apache-2.0
/* Runs crun and classifies its errors. */
#define _GNU_SOURCE
#include "container/crun.h"

#include "base/options.h"
#include "base/path.h"
#include "container/bundle.h"
#include "container/runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void ended(struct agent_child *child, int wait_status) {
  struct agent_crun *crun = child->owner;

  agent_timer_clear(&crun->deadline);
  crun->done(crun, WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0);
}

static void expire(struct agent_timer *timer) {
  struct agent_crun *crun = timer->owner;

  crun->timed_out = true;
  kill(crun->child.pid, SIGKILL);
}

static bool launch(struct agent_crun *crun, const char *const *argv, const int fds[3]) {
  crun->child = (struct agent_child){.ended = ended, .owner = crun};
  crun->deadline = (struct agent_timer){.fire = expire, .owner = crun};
  crun->timed_out = false;
  if (!agent_child_spawn(&crun->child, agent_runtime_program(), argv, fds))
    return false;
  agent_timer_set(&crun->deadline, AGENT_CRUN_DEADLINE_NS);
  return true;
}

static const char *state_root(void) {
  static char root[AGENT_PATH_MAX];

  agent_path(root, "%s/crun", agent_options.run);
  return root;
}

bool agent_crun_start(struct agent_crun *crun, enum agent_crun_verb verb, const char *container, const char *folder,
                      const char *console, const int fds[3]) {
  static const char *const verbs[] = {"run", "create", "exec"};
  char bundle[AGENT_PATH_MAX], log[AGENT_PATH_MAX], what[AGENT_PATH_MAX], pid_option[AGENT_PATH_MAX],
      console_option[AGENT_PATH_MAX];
  char cgroup_option[AGENT_PATH_MAX];
  const char *argv[16];
  int n = 0;

  agent_bundle_path(bundle, folder, NULL);
  agent_path(cgroup_option, "--cgroup-manager=%s", agent_options.cgroup_manager);
  agent_path(log, "--log=file:%s/log", bundle);
  agent_path(what, verb == AGENT_CRUN_EXEC ? "--process=%s/process.json" : "--bundle=%s", bundle);
  agent_path(pid_option, "--pid-file=%s/pid", bundle);
  argv[n++] = agent_options.runtime;
  argv[n++] = cgroup_option;
  argv[n++] = "--root";
  argv[n++] = state_root();
  argv[n++] = log;
  argv[n++] = verbs[verb];
  if (verb != AGENT_CRUN_CREATE)
    argv[n++] = "--detach";
  argv[n++] = what;
  argv[n++] = pid_option;
  if (console) {
    agent_path(console_option, "--console-socket=%s", console);
    argv[n++] = console_option;
  }
  argv[n++] = container;
  argv[n] = NULL;
  return launch(crun, argv, fds);
}

/*
 * A created container waits for a byte in this pipe (libcrun_container_start). To run crun for that byte would take
 * longer than the rest of the start. The pipe is opened anew and non-blocking, because a dead process reads no more.
 */
bool agent_crun_let_go(const char *container) {
  char path[AGENT_PATH_MAX];
  int fd, saved;
  bool ok;

  agent_path(path, "%s/%s/exec.fifo", state_root(), container);
  fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0)
    return false;
  ok = unlink(path) == 0 && write(fd, "", 1) == 1;
  saved = errno;
  close(fd);
  errno = saved;
  return ok;
}

bool agent_crun_delete(struct agent_crun *crun, const char *container) {
  char cgroup_option[AGENT_PATH_MAX];
  const char *argv[] = {
      agent_options.runtime, cgroup_option, "--root", state_root(), "delete", "--force", container, NULL};
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  int fds[3] = {null, null, null};
  bool ok;

  if (null < 0)
    return false;
  agent_path(cgroup_option, "--cgroup-manager=%s", agent_options.cgroup_manager);
  ok = launch(crun, argv, fds);
  close(null);
  return ok;
}

bool agent_crun_knows(const char *container) {
  char path[AGENT_PATH_MAX];

  agent_path(path, "%s/%s", state_root(), container);
  return access(path, F_OK) == 0;
}

void agent_crun_last_words(const struct agent_crun *crun, const char *folder, char text[AGENT_CRUN_TEXT_MAX]) {
  char path[AGENT_PATH_MAX], log[4096], *line, *message;
  ssize_t length = 0;
  int fd;

  snprintf(text, AGENT_CRUN_TEXT_MAX, "%s %s", agent_options.runtime,
           crun->timed_out ? "did not end within 120 s" : "said nothing");
  agent_bundle_path(path, folder, "log");
  fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return;
  if (lseek(fd, 1 - (off_t)sizeof log, SEEK_END) < 0)
    lseek(fd, 0, SEEK_SET);
  length = read(fd, log, sizeof log - 1);
  close(fd);
  while (length > 0 && log[length - 1] == '\n')
    length--;
  if (length <= 0)
    return;
  log[length] = '\0';
  line = strrchr(log, '\n');
  line = line ? line + 1 : log;
  message = strstr(line, "Z: "); /* the time that crun puts in front */
  snprintf(text, AGENT_CRUN_TEXT_MAX, "%.1000s", message ? message + 3 : line);
}

enum thaw_error agent_crun_classify(const char *text) {
  static const char exec[] = "exec container process", later_exec[] = "exec: ";
  bool is_missing = strstr(text, "No such file or directory") != NULL;

  if (strncmp(text, "executable file `", 17) == 0 || strncmp(text, "cannot find `` in $PATH", 23) == 0)
    return THAW_E_CMD_NOENT;
  if (strncmp(text, exec, sizeof exec - 1) == 0 || strncmp(text, later_exec, sizeof later_exec - 1) == 0)
    return is_missing ? THAW_E_CMD_NOENT : THAW_E_CMD_NOEXEC;
  if (strncmp(text, "the path `", 10) == 0 &&
      (strstr(text, "` exists but it is not executable") || strstr(text, "` is not a regular file")))
    return THAW_E_CMD_NOEXEC;
  if (strncmp(text, "cannot open `", 13) == 0 && (strstr(text, "Permission denied") || strstr(text, "Not a directory")))
    return THAW_E_CMD_NOEXEC;
  return THAW_E_CRUN;
}
