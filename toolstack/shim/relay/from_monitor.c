// SPDX-License-Identifier: Apache-2.0
/* Handles the monitor's messages: launchers' connections, peers' frames, layers, channels, and the sandbox's end. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "relay/guest/layer.h"
#include "relay/loop.h"
#include "relay/to_monitor.h"

static unsigned count_launchers(const struct relay *relay) {
  unsigned count = 0;

  for (const struct client *client = relay->clients; client != NULL; client = client->next)
    count += client->fd >= 0;
  return count;
}

/* Takes over a launcher's connection. A peer may become one. */
static void hear_client(struct relay *relay, uint32_t peer, int fd, const uint8_t *frame, uint32_t length) {
  struct client *client = peer != 0 ? client_of_peer(relay, peer) : NULL;

  if (count_launchers(relay) >= RELAY_LAUNCHERS_MAX) {
    note(NOTE_WARN, "Refused a client: there are %u", count_launchers(relay));
    close(fd);
    return;
  }
  if (client != NULL) {
    client->fd = fd;
    client->peer = 0;
  } else {
    client = client_new(relay, fd, 0);
  }
  if (client == NULL)
    close(fd);
  else if (client_feed(relay, client, frame, length) != 0)
    client->broken = true;
}

static void hear_peer(struct relay *relay, uint32_t peer, const uint8_t *frame, uint32_t length) {
  struct client *client = client_of_peer(relay, peer);

  if (client == NULL)
    client = client_new(relay, -1, peer);
  if (client == NULL)
    tell_monitor(MESSAGE_DROP, peer, 0, NULL, 0);
  else if (!client->broken && client_feed(relay, client, frame, length) != 0)
    client->broken = true;
}

static void hear_layer(struct relay *relay, uint32_t number, int fd, const uint8_t *bytes, uint32_t length) {
  uint64_t size;

  if (fd < 0) {
    relay_lost(relay, "%.*s", (int)length, (const char *)bytes);
    return;
  }
  memcpy(&size, bytes, sizeof size);
  layer_add(relay, number, fd, size);
}

static void hear_channel(struct loop *loop, int fd, const uint8_t *bytes) {
  struct message_channel channel;
  int rc = 0;

  memcpy(&channel, bytes, sizeof channel);
  if (loop->relay.state != RELAY_WAITING || loop->transport.fd >= 0) {
    close(fd);
    return;
  }
  if (channel.port == 0)
    transport_socket_open(&loop->transport, fd);
  else
    rc = transport_ring_open(&loop->transport, loop->grants, channel.offset, fd, channel.port);
  if (rc != 0)
    note(NOTE_ERROR, "Cannot map the ring: %s", strerror(errno));
  tell_monitor(MESSAGE_MAPPED, 0, rc == 0, NULL, 0);
}

/* Takes over the descriptor. */
static void hear(struct loop *loop, const struct message *head, const uint8_t *payload, int fd) {
  struct relay *relay = &loop->relay;
  struct client *client;

  switch (head->type) {
  case MESSAGE_CLIENT:
    if (fd >= 0)
      hear_client(relay, head->id, fd, payload, head->length);
    return;
  case MESSAGE_PEER:
    hear_peer(relay, head->id, payload, head->length);
    return;
  case MESSAGE_PEER_GONE:
    client = client_of_peer(relay, head->id);
    if (client != NULL)
      client->broken = true;
    return;
  case MESSAGE_LAYER:
    hear_layer(relay, head->id, fd, payload, head->length);
    return;
  case MESSAGE_CHANNEL:
    if (fd >= 0)
      hear_channel(loop, fd, payload);
    return;
  case MESSAGE_END:
    for (bool more = true; loop->transport.fd >= 0 && more;) /* what the guest sent before its end */
      guest_read(relay, &more);
    relay_lost(relay, "%.*s", (int)head->length, (const char *)payload);
    return;
  case MESSAGE_QUIT:
    relay->quit = true; /* the loop does the rest */
    return;
  default:
    return;
  }
}

void monitor_hear(struct loop *loop) {
  static uint8_t payload[MESSAGE_MAX];
  struct message head;
  int fd, rc;

  rc = message_receive(RELAY_LINK, &head, payload, &fd, MSG_DONTWAIT);
  if (rc == 1)
    hear(loop, &head, payload, fd);
  else if (rc == 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
    _exit(1);
}
