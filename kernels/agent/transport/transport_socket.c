// SPDX-License-Identifier: Apache-2.0
/* Carries a channel's bytes over a unix socket in tests and behaves like the vchan transport. */
#define _GNU_SOURCE
#include "base/options.h"
#include "transport/transport.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct agent_transport {
  int listener, client;
  bool is_closed;
  struct sockaddr_un address;
};

struct agent_transport *agent_transport_open(enum agent_channel_number number) {
  struct agent_transport *transport = calloc(1, sizeof *transport);
  const char *name = number == AGENT_CONTROL ? "control" : "data";
  int length;

  if (!transport)
    return NULL;
  transport->client = -1;
  transport->address.sun_family = AF_UNIX;
  length = snprintf(transport->address.sun_path, sizeof transport->address.sun_path, "%s/%s.sock", agent_options.store,
                    name);
  transport->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (transport->listener < 0 || length < 0 || (size_t)length >= sizeof transport->address.sun_path)
    goto fail;
  unlink(transport->address.sun_path);
  if (bind(transport->listener, (struct sockaddr *)&transport->address, sizeof transport->address) ||
      listen(transport->listener, 1))
    goto fail;
  return transport;
fail:
  agent_transport_close(transport);
  return NULL;
}

void agent_transport_withdraw(struct agent_transport *transport) {
  if (transport->listener < 0)
    return;
  close(transport->listener);
  transport->listener = -1;
  unlink(transport->address.sun_path);
}

void agent_transport_close(struct agent_transport *transport) {
  if (!transport)
    return;
  agent_transport_withdraw(transport);
  if (transport->client >= 0)
    close(transport->client);
  free(transport);
}

int agent_transport_fd(const struct agent_transport *transport) {
  return transport->client >= 0 ? transport->client : transport->listener;
}

short agent_transport_events(const struct agent_transport *transport, bool wants_write) {
  return transport->client >= 0 && wants_write ? POLLIN | POLLOUT : POLLIN;
}

void agent_transport_acknowledge(struct agent_transport *transport) {
  (void)transport;
}

enum agent_peer agent_transport_peer(struct agent_transport *transport) {
  if (transport->client < 0) {
    transport->client = accept4(transport->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (transport->client < 0)
      return AGENT_PEER_NONE;
  }
  return transport->is_closed ? AGENT_PEER_CLOSED : AGENT_PEER_HERE;
}

static ssize_t outcome(struct agent_transport *transport, ssize_t moved) {
  if (moved > 0)
    return moved;
  if (moved < 0 && (errno == EAGAIN || errno == EINTR))
    return 0;
  transport->is_closed = true;
  return -1;
}

ssize_t agent_transport_read(struct agent_transport *transport, void *data, size_t size) {
  return outcome(transport, recv(transport->client, data, size, 0));
}

ssize_t agent_transport_write(struct agent_transport *transport, const void *data, size_t size) {
  return outcome(transport, send(transport->client, data, size, MSG_NOSIGNAL));
}
