// SPDX-License-Identifier: Apache-2.0
/* How does the agent get a container's pty master? crun sends it to a socket, once. */
#define _GNU_SOURCE
#include "terminal.h"

#include "options.h"
#include "path.h"

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
  agent_terminal_accept(source->owner);
}

void agent_terminal_init(struct agent_terminal *terminal, struct agent_process *process, uint16_t rows, uint16_t cols) {
  *terminal = (struct agent_terminal){.process = process, .rows = rows, .cols = cols};
  terminal->source = (struct agent_source){.fd = -1, .events = POLLIN, .ready = on_ready, .owner = terminal};
}

bool agent_terminal_listen(struct agent_terminal *terminal) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  char directory[AGENT_PATH_MAX];
  int length;

  /* by process id: a container's name may be longer than a socket's path */
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

static int receive_descriptor(int socket_fd) {
  char byte[64], space[CMSG_SPACE(sizeof(int))];
  struct iovec part = {byte, sizeof byte};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
  struct cmsghdr *header;
  int fd = -1;

  if (recvmsg(socket_fd, &message, MSG_CMSG_CLOEXEC) < 0)
    return -1;
  header = CMSG_FIRSTHDR(&message);
  if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
      header->cmsg_len == CMSG_LEN(sizeof fd))
    memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return fd;
}

void agent_terminal_accept(struct agent_terminal *terminal) {
  int client = terminal->source.fd < 0 ? -1 : accept4(terminal->source.fd, NULL, NULL, SOCK_CLOEXEC);
  int master;

  if (client < 0)
    return;
  /* blocks as long as crun needs from connect to sendmsg, the next thing it does; bounded all the same */
  setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 2}, sizeof(struct timeval));
  master = receive_descriptor(client);
  close(client);
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
