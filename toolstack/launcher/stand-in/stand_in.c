// SPDX-License-Identifier: Apache-2.0
/*
 * Runs the stand-in, which represents a container's first process in dom0 (OCI mode). It is a child of the launcher,
 * so that an engine can wait for it. It has the namespaces, cgroup, streams and signals that engines expect of a pid,
 * and ends as the container ends. It runs the launcher's code, attached to the shim like any other launcher.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../api/root.h"
#include "main/launcher.h"
#include "stand-in/stats.h"

#define READY_MS 60000
#define TEXT_MAX 400u

struct request {
  char *shim, *root, *network, *cgroup, *console;
};

static void fail(struct launcher *launcher, const char *what, const char *path) {
  char text[TEXT_MAX];

  snprintf(text, sizeof text, "Cannot %s %s: %s", what, path, strerror(errno));
  stats_end(launcher);
  stand_in_tell(launcher, text);
  _exit(EXIT_TOOLSTACK);
}

static int write_pid(const char *path) {
  int fd = open(path, O_WRONLY | O_CLOEXEC), rc;

  if (fd < 0)
    return -1;
  rc = write(fd, "0", 1) == 1 ? 0 : -1;
  close(fd);
  return rc;
}

static int enter_network(const char *path) {
  int fd, rc;

  if (*path == '\0')
    return unshare(CLONE_NEWNET);
  fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return -1;
  rc = setns(fd, CLONE_NEWNET);
  close(fd);
  return rc;
}

/* Replaces dom0's file tree with the container's root. */
static int enter_root(const char *root, bool read_only) {
  struct mount_attr no_write = {.attr_set = MOUNT_ATTR_RDONLY};

  if (unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC) != 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) != 0 ||
      mount(root, root, NULL, MS_BIND | MS_REC, NULL) != 0 || chdir(root) != 0 || root_here() != 0)
    return -1;
  return read_only ? mount_setattr(AT_FDCWD, "/", 0, &no_write, sizeof no_write) : 0;
}

static int send_descriptor(const char *path, int fd, const char *name) {
  union {
    struct cmsghdr head;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control;
  struct iovec data = {.iov_base = (void *)(uintptr_t)name, .iov_len = strlen(name)};
  struct msghdr message = {
      .msg_iov = &data, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  struct connection channel = {.fd = -1};
  int rc;

  if (connection_open(&channel, path) != 0)
    return -1;
  memset(&control, 0, sizeof control);
  control.head = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fd)};
  memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
  rc = sendmsg(channel.fd, &message, MSG_NOSIGNAL) > 0 ? 0 : -1;
  connection_close(&channel);
  return rc;
}

/* Opens a terminal for the stand-in and sends its master end to the engine. */
static int open_console(struct launcher *launcher, const char *socket_path) {
  int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave = -1, rc = -1;
  char name[64];

  if (master < 0)
    return -1;
  if (grantpt(master) != 0 || unlockpt(master) != 0 || ptsname_r(master, name, sizeof name) != 0)
    goto out;
  slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (slave < 0 || ioctl(slave, TIOCSCTTY, 0) != 0)
    goto out;
  for (int fd = 0; fd <= 2; fd++) {
    if (dup2(slave, fd) < 0)
      goto out;
  }
  output_init(&launcher->out[0], STDOUT_FILENO);
  output_init(&launcher->out[1], STDERR_FILENO);
  rc = send_descriptor(socket_path, master, name);
out:
  if (slave >= 0)
    close(slave);
  close(master);
  return rc;
}

/* Turns this child into the stand-in. */
static void become(struct launcher *launcher, const struct request *request) {
  quiet = true;
  connection_close(&launcher->thawd);
  /* On the caller's own terminal the stand-in stays in the foreground: window sizes and keys arrive by themselves. */
  if ((launcher->flags & THAW_PROCESS_TTY) == 0 || *request->console != '\0')
    setsid();
  if (signals_anew() != 0)
    fail(launcher, "take signals at", "a pipe");
  signals_all();
  if (*request->cgroup != '\0' && write_pid(request->cgroup) != 0)
    fail(launcher, "enter the cgroup of", request->cgroup);
  if (*request->cgroup != '\0' && (launcher->flags & THAW_PROCESS_STATS) != 0) {
    oom_open(&launcher->oom, request->cgroup); /* before stats cover the kernel's own files */
    stats_begin(launcher, request->cgroup);    /* in the engine's mount namespace, where engines look */
  }
  attach_begin(launcher, request->shim);
  if (launcher->shim.fd < 0)
    fail(launcher, "reach the sandbox's shim at", request->shim);
  if (*request->console != '\0' && open_console(launcher, request->console) != 0)
    fail(launcher, "give a terminal to", request->console);
  if (enter_network(request->network) != 0)
    fail(launcher, "enter the network namespace", request->network);
  if (enter_root(request->root, (launcher->flags & THAW_PROCESS_READONLY) != 0) != 0)
    fail(launcher, "enter the root filesystem", request->root);
}

/* Waits for the stand-in's report. Sets text to "" on success, else to the error. */
static void hear(int fd, char *text, size_t size) {
  int64_t end = clock_ms() + READY_MS;
  size_t length = 0;

  for (;;) {
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    int64_t left = end - clock_ms();
    ssize_t n;

    if (left <= 0) {
      snprintf(text, size, "The stand-in does not answer within %d s", READY_MS / 1000);
      return;
    }
    if (poll(&ready, 1, (int)left) <= 0)
      continue;
    n = read(fd, text + length, size - 1 - length);
    if (n < 0 && errno == EINTR)
      continue;
    if (n > 0)
      length += (size_t)n;
    text[length] = '\0';
    if (n > 0 && text[length - 1] == '\n') { /* a complete line */
      text[length - 1] = '\0';
      return;
    }
    if (n <= 0 || length == size - 1) {
      snprintf(text, size, "The stand-in ended before it was ready");
      return;
    }
  }
}

static void answer(struct launcher *launcher, pid_t pid, const char *text) {
  connection_put(&launcher->thawd, THAW_STOOD_IN, launcher->process, *text == '\0' ? (uint32_t)pid : 0, text,
                 (uint32_t)strlen(text));
}

int stand_in_begin(struct launcher *launcher, struct fields *fields) {
  struct request request = {0};
  char **all[] = {&request.shim, &request.root, &request.network, &request.cgroup, &request.console};
  char text[TEXT_MAX + 2] = "";
  int ready[2] = {-1, -1}, rc = -1;
  pid_t pid;

  for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
    *all[i] = fields_next_string(fields);
    if (*all[i] == NULL)
      goto out;
  }
  rc = 0;
  if (pipe2(ready, O_CLOEXEC) != 0 || (pid = fork()) < 0) {
    snprintf(text, sizeof text, "Cannot start a stand-in: %s", strerror(errno));
    answer(launcher, 0, text);
    goto out;
  }
  if (pid == 0) {
    close(ready[0]);
    launcher->stand_in = ready[1];
    become(launcher, &request);
    ready[0] = ready[1] = -1;
    goto out;
  }
  close(ready[1]);
  ready[1] = -1;
  hear(ready[0], text, sizeof text);
  if (*text != '\0') {
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
  }
  answer(launcher, pid, text);
out:
  for (int i = 0; i < 2; i++) {
    if (ready[i] >= 0)
      close(ready[i]);
  }
  for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
    free(*all[i]);
  return rc;
}

void stand_in_tell(struct launcher *launcher, const char *text) {
  char line[TEXT_MAX + 2];
  int n = snprintf(line, sizeof line, "%s\n", text);

  if (launcher->stand_in <= 0)
    return;
  if (write(launcher->stand_in, line, (size_t)n) < 0) {
    stats_end(launcher);
    _exit(EXIT_TOOLSTACK); /* its parent is gone: no caller needs the stand-in */
  }
  close(launcher->stand_in);
  launcher->stand_in = -1;
}

/* Ends as the container ended: by the same signal if there was one, by SIGKILL if the container's end is unknown. */
void stand_in_end(const struct launcher *launcher, int status) {
  int number = launcher->state == PROCESS_ENDED ? launcher->signal : SIGKILL;

  stats_end(launcher); /* before anything slow: readers get no answers from here on */
  if (launcher->oom_kills > 0)
    oom_show(&launcher->oom);
  if (number != 0) {
    struct rlimit no_core = {0, 0};
    sigset_t all;

    setrlimit(RLIMIT_CORE, &no_core);
    sigemptyset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    signal(number, SIG_DFL);
    kill(getpid(), number);
  }
  _exit(status);
}
