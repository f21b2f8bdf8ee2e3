// SPDX-License-Identifier: Apache-2.0
/* Connects to an agent that runs as an ordinary process and listens on a unix socket. For tests. */
#include "transport/transport.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int socket_open(struct transport *transport) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int fd;

  if (strlen(transport->path) >= sizeof address.sun_path)
    return -1;
  strcpy(address.sun_path, transport->path);
  fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0)
    return -1;
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
    close(fd);
    return 0;
  }
  transport->fd = fd;
  transport->poll_writes = true;
  return 1;
}

static int socket_woken(struct transport *transport) {
  (void)transport;
  return 0;
}

static ssize_t socket_read(struct transport *transport, void *bytes, size_t n) {
  ssize_t got = recv(transport->fd, bytes, n, 0);

  if (got > 0)
    return got;
  return got < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

static ssize_t socket_write(struct transport *transport, const void *bytes, size_t n) {
  ssize_t sent = send(transport->fd, bytes, n, MSG_NOSIGNAL);

  transport->blocked = sent != (ssize_t)n;
  if (sent >= 0)
    return sent;
  return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

static void socket_close(struct transport *transport) {
  if (transport->fd >= 0)
    close(transport->fd);
  transport->fd = -1;
}

#ifndef SOCKET_OF_DOMAIN
#define SOCKET_OF_DOMAIN false /* true only in tests of the shim's file servers */
#endif

const struct transport_ops transport_socket = {
    .of_domain = SOCKET_OF_DOMAIN,
    .open = socket_open,
    .woken = socket_woken,
    .read = socket_read,
    .write = socket_write,
    .close = socket_close,
};
