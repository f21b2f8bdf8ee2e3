// SPDX-License-Identifier: Apache-2.0
/* Receives a container's pty master, which crun sends to a socket once. */
#define _GNU_SOURCE
#include "process/terminal.h"

#include "base/options.h"
#include "base/path.h"
#include "process/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void on_ready(struct agent_source *source, short revents) {
  (void)revents;
  agent_terminal_receive(source->owner);
}

void agent_terminal_init(struct agent_terminal *terminal, struct agent_process *process, uint16_t rows, uint16_t cols) {
  *terminal = (struct agent_terminal){.process = process, .rows = rows, .cols = cols};
  terminal->source = (struct agent_source){.fd = -1, .events = POLLIN, .ready = on_ready, .owner = terminal};
}

bool agent_terminal_listen(struct agent_terminal *terminal) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  char directory[AGENT_PATH_MAX];
  int length;

  /* named by process id: a container's name may be longer than a socket's path */
  agent_path(directory, "%s/tty", agent_options.run);
  length = snprintf(terminal->path, sizeof terminal->path, "%s/tty/%u", agent_options.run, terminal->process->id);
  if (length < 0 || (size_t)length >= sizeof terminal->path) {
    errno = ENAMETOOLONG;
    return false;
  }
  if (!agent_path_make(directory))
    return false;
  strcpy(address.sun_path, terminal->path);
  unlink(terminal->path);
  terminal->source.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (terminal->source.fd < 0 || bind(terminal->source.fd, (struct sockaddr *)&address, sizeof address) != 0 ||
      listen(terminal->source.fd, 1) != 0)
    return false;
  agent_loop_add(&terminal->source);
  return true;
}

const char *agent_terminal_path(const struct agent_terminal *terminal) {
  return terminal->path[0] ? terminal->path : NULL;
}

/* crun connects early and sends late: replaces the listener by the connection. */
static bool accept_crun(struct agent_terminal *terminal) {
  int client = accept4(terminal->source.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

  if (client < 0)
    return false;
  close(terminal->source.fd);
  terminal->source.fd = client;
  terminal->is_connected = true;
  return true;
}

/* Returns the descriptor; -1: not yet, or never (the source is closed then). */
static int receive_descriptor(struct agent_source *source) {
  char bytes[64], space[CMSG_SPACE(sizeof(int))];
  struct iovec part = {bytes, sizeof bytes};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
  struct cmsghdr *header;
  ssize_t got = recvmsg(source->fd, &message, MSG_CMSG_CLOEXEC);
  int fd = -1;

  if (got < 0 && (errno == EAGAIN || errno == EINTR))
    return -1;
  header = got < 0 ? NULL : CMSG_FIRSTHDR(&message);
  if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
      header->cmsg_len == CMSG_LEN(sizeof fd))
    memcpy(&fd, CMSG_DATA(header), sizeof fd);
  close(source->fd);
  source->fd = -1;
  return fd;
}

void agent_terminal_receive(struct agent_terminal *terminal) {
  int master;

  if (terminal->source.fd < 0 || (!terminal->is_connected && !accept_crun(terminal)))
    return;
  master = receive_descriptor(&terminal->source);
  if (master < 0)
    return;
  fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK);
  agent_process_attach_terminal(terminal->process, master);
  agent_process_resize(terminal->process, terminal->rows, terminal->cols);
}

void agent_terminal_close(struct agent_terminal *terminal) {
  if (!terminal->path[0])
    return;
  agent_loop_remove(&terminal->source);
  if (terminal->source.fd >= 0)
    close(terminal->source.fd);
  terminal->source.fd = -1;
  unlink(terminal->path);
  terminal->path[0] = '\0';
}
