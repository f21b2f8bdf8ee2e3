// SPDX-License-Identifier: Apache-2.0
/*
 * Starts thawd for an engine's call that finds none running: by systemd where systemd is the host's init, else as a
 * detached process that keeps nothing of the engine's.
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

/* Runs in a child before exec: drops the engine's streams, descriptors, signal mask, cgroup and session. */
static int leave_engine(void) {
  int null = open("/dev/null", O_RDWR | O_CLOEXEC),
      log = open(THAWD_LOG, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  int cgroup = open("/sys/fs/cgroup/cgroup.procs", O_WRONLY | O_CLOEXEC), out = log >= 0 ? log : null;
  sigset_t none;

  /* Best effort: on a host without cgroup v2 the child has no cgroup to leave. */
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

/* True if the started program, thawd or systemctl, has ended with a failure. */
static bool has_failed(pid_t *pid) {
  int status;

  if (*pid <= 0 || waitpid(*pid, &status, WNOHANG) != *pid)
    return false;
  *pid = 0; /* reaped */
  return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

int start_thawd(struct connection *connection, const char *socket_path, int signals_fd) {
  const char *program = getenv("THAW_THAWD");
  int64_t end = clock_ms() + START_MS;
  int error = errno, lock;
  bool started = false;
  pid_t pid = 0;

  /* Without THAW_THAWD, start thawd only for its default socket: another socket belongs to another thawd. */
  if (program == NULL && strcmp(socket_path, SOCKET_PATH) == 0)
    program = THAWD;
  lock = program != NULL && (error == ENOENT || error == ECONNREFUSED) ? open(program, O_RDONLY | O_CLOEXEC) : -1;
  while (lock >= 0 && connection_open(connection, socket_path) != 0) {
    struct pollfd signals = {.fd = signals_fd, .events = POLLIN};

    error = errno;
    /* One of several concurrent calls starts thawd, unless the host already does. The lock belongs to that launcher,
     * not to thawd. An earlier holder may have released the lock because its thawd answers: connect once more. */
    if (!started && !thawd_is_starting(socket_path) && flock(lock, LOCK_EX | LOCK_NB) == 0) {
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

/* A dying process's sockets accept connections until its last thread is gone. With locked memory that takes long.
 * The launcher may send a request that the dying thawd never read to another thawd. */
int start_thawd_again(struct launcher *launcher, const char *socket_path, int signals_fd) {
  struct pollfd signals = {.fd = signals_fd, .events = POLLIN};
  int rc = -1;

  if (launcher->take_error != ECONNRESET || !launcher->thawd.unread)
    goto out;
  if (launcher->again_by_ms == 0)
    launcher->again_by_ms = clock_ms() + START_MS;
  if (clock_ms() >= launcher->again_by_ms || poll(&signals, 1, TRY_MS) > 0)
    goto out;
  frame_reader_free(&launcher->thawd.reader);
  launcher->thawd.unread = false;
  errno = ECONNREFUSED;
  rc = start_thawd(&launcher->thawd, socket_path, signals_fd);
  launcher->take_error = rc == 0 ? 0 : errno;
out:
  return rc;
}
