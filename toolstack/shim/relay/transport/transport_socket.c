// SPDX-License-Identifier: Apache-2.0
/* Speaks to an agent that runs as an ordinary process and listens on a unix socket. For tests. */
#include "relay/transport/transport.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

void transport_socket_open(struct transport *transport, int fd) {
  transport->ops = &transport_socket;
  transport->fd = fd;
  transport->poll_writes = true;
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

const struct transport_ops transport_socket = {
    .woken = socket_woken,
    .read = socket_read,
    .write = socket_write,
    .close = socket_close,
};
