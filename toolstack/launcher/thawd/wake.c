// SPDX-License-Identifier: Apache-2.0
/*
 * How an engine's call finds a thawd where none runs: the launcher starts it, by systemd where that is this host's
 * init, else as a process of its own that nothing of the engine's is left to.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "main/launcher.h"

#define SYSTEMD "/run/systemd/system"
#define THAWD "/usr/sbin/thawd"
#define THAWD_LOG "/var/log/thaw/thawd.log"

bool is_runtime(int argc, char **argv) {
  const char *slash = strrchr(argv[0], '/');

  return strcmp(slash != NULL ? slash + 1 : argv[0], "thaw-oci") == 0 || (argc > 1 && strcmp(argv[1], "oci") == 0);
}

/* In a child that is to be another program: of streams, descriptors, signals and cgroup nothing is the engine's. */
static int leave_engine(void) {
  int null = open("/dev/null", O_RDWR | O_CLOEXEC),
      log = open(THAWD_LOG, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  int cgroup = open("/sys/fs/cgroup/cgroup.procs", O_WRONLY | O_CLOEXEC), out = log >= 0 ? log : null;
  sigset_t none;

  /* Best effort: a host without cgroup v2 has none to leave. */
  if (cgroup >= 0 && write(cgroup, "0", 1) < 0)
    close(cgroup);
  if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0 || chdir("/") != 0)
    return -1;
  close_range(3, ~0u, 0);
  umask(022);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGPIPE, SIG_DFL);
  return setsid() < 0 ? -1 : 0;
}

static void become_thawd(const char *program) {
  static char *const environment[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                      "LANG=C.UTF-8", "HOME=/root", NULL};
  char *const thawd[] = {(char *)(uintptr_t)program, NULL};
  char *const systemctl[] = {"systemctl", "start", "thawd.service", NULL};
  bool by_systemd = strcmp(program, THAWD) == 0 && access(SYSTEMD, F_OK) == 0;

  if (leave_engine() != 0)
    _exit(EXIT_TOOLSTACK);
  if (by_systemd)
    execve("/usr/bin/systemctl", systemctl, environment);
  else
    execve(program, thawd, environment);
  _exit(EXIT_TOOLSTACK);
}

static pid_t start(const char *program) {
  pid_t pid = fork();

  if (pid == 0)
    become_thawd(program);
  return pid;
}

/* Whether what was started has failed: a thawd that ended, or a systemctl that said no. */
static bool has_failed(pid_t *pid) {
  int status;

  if (*pid <= 0 || waitpid(*pid, &status, WNOHANG) != *pid)
    return false;
  *pid = 0; /* reaped */
  return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

int wake_thawd(struct connection *connection, const char *socket_path, int signals_fd) {
  const char *program = getenv("THAW_THAWD");
  int64_t end = clock_ms() + WAKE_MS;
  int error = errno, lock;
  bool started = false;
  pid_t pid = 0;

  /* At another socket another's thawd would be. */
  if (program == NULL && strcmp(socket_path, SOCKET_PATH) == 0)
    program = THAWD;
  lock = program != NULL && (error == ENOENT || error == ECONNREFUSED) ? open(program, O_RDONLY | O_CLOEXEC) : -1;
  while (lock >= 0 && connection_open(connection, socket_path) != 0) {
    struct pollfd signals = {.fd = signals_fd, .events = POLLIN};

    error = errno;
    /* Of many calls at once one starts it, unless the host does. The lock goes with that launcher, not with what it
     * starts. Whoever had it before may have let go since its thawd answers. */
    if (!started && !thawd_starts(socket_path) && flock(lock, LOCK_EX | LOCK_NB) == 0) {
      if (connection_open(connection, socket_path) == 0)
        break;
      started = true;
      pid = start(program);
    }
    if ((error != ENOENT && error != ECONNREFUSED) || pid < 0 || has_failed(&pid) || clock_ms() >= end)
      goto out;
    if (poll(&signals, 1, TRY_MS) > 0) {
      error = EINTR;
      goto out;
    }
  }
out:
  if (lock >= 0)
    close(lock);
  errno = error;
  return connection->fd >= 0 ? 0 : -1;
}

/* A dying process's sockets take connections until the last of its threads is gone, which is long for one with locked
 * memory. What it never read another may be asked. */
int wake_again(struct launcher *launcher, const char *socket_path, int signals_fd) {
  struct pollfd signals = {.fd = signals_fd, .events = POLLIN};
  int rc = -1;

  if (launcher->take_error != ECONNRESET || !launcher->thawd.unread)
    goto out;
  if (launcher->again_by_ms == 0)
    launcher->again_by_ms = clock_ms() + WAKE_MS;
  if (clock_ms() >= launcher->again_by_ms || poll(&signals, 1, TRY_MS) > 0)
    goto out;
  frame_reader_free(&launcher->thawd.reader);
  launcher->thawd.unread = false;
  errno = ECONNREFUSED;
  rc = wake_thawd(&launcher->thawd, socket_path, signals_fd);
  launcher->take_error = rc == 0 ? 0 : errno;
out:
  return rc;
}
