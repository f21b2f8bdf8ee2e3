// SPDX-License-Identifier: Apache-2.0
/* Accepts the connections of launchers and peers, reads whole frames, and sends answers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "monitor/peer.h"
#include "shares/shares.h"

#define REPLIES_MAX 524288u

void peer_accept(struct monitor *monitor) {
  int fd = accept4(monitor->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  struct peer *peer;

  if (fd < 0)
    return;
  peer = monitor->peer_count < PEERS_MAX ? calloc(1, sizeof *peer) : NULL;
  if (peer == NULL) {
    note(NOTE_WARN, "Refused a client: there are %u", monitor->peer_count);
    close(fd);
    return;
  }
  peer->fd = fd;
  peer->number = ++monitor->last_peer;
  peer->next = monitor->peers;
  monitor->peers = peer;
  monitor->peer_count++;
}

struct peer *peer_find(struct monitor *monitor, uint32_t number) {
  struct peer *peer = monitor->peers;

  while (peer != NULL && peer->number != number)
    peer = peer->next;
  return peer;
}

void peer_push(struct peer *peer, const void *bytes, uint32_t n) {
  if (fifo_push(&peer->out, bytes, n, REPLIES_MAX) != 0)
    peer->broken = true;
}

void peer_reply(struct peer *peer, uint32_t type, uint32_t id, uint32_t arg, const char *text) {
  const struct thaw_frame frame = {.length = (uint32_t)strlen(text), .type = type, .id = id, .arg = arg};

  peer_push(peer, &frame, sizeof frame);
  peer_push(peer, text, frame.length);
}

void peer_send(struct peer *peer) {
  while (!peer->broken && !peer->blocked && peer->out.length > 0) {
    uint32_t side;
    const uint8_t *bytes = fifo_peek(&peer->out, &side);
    ssize_t n = send(peer->fd, bytes, side, MSG_NOSIGNAL);

    if (n < 0 && errno != EAGAIN && errno != EINTR)
      peer->broken = true;
    peer->blocked = n < 0 && errno == EAGAIN;
    if (n > 0)
      fifo_drop(&peer->out, (uint32_t)n);
  }
  if (peer->out.length == 0)
    fifo_release(&peer->out);
}

/* Reads to the end of the head, then of the payload. Returns true when the frame is whole. */
static bool read_frame(struct peer *peer) {
  bool has_head = peer->head_have == sizeof peer->head.bytes;
  uint8_t *at = has_head ? peer->payload + peer->payload_have : peer->head.bytes + peer->head_have;
  uint32_t want =
      has_head ? peer->head.frame.length - peer->payload_have : (uint32_t)sizeof peer->head.bytes - peer->head_have;
  ssize_t n = recv(peer->fd, at, want, 0);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return false;
  if (n <= 0) {
    peer->broken = true;
    return false;
  }
  if (has_head)
    peer->payload_have += (uint32_t)n;
  else
    peer->head_have += (uint32_t)n;
  return (uint32_t)n == want;
}

/* Checks a head, and makes room for its payload. */
static bool begin_payload(struct peer *peer) {
  const struct thaw_frame *frame = &peer->head.frame;

  if ((int64_t)frame->length > peer_frame_most(frame)) {
    note(NOTE_WARN, "Dropped a client: malformed frame (type 0x%x, process %u, arg %u, %u bytes)", frame->type,
         frame->id, frame->arg, frame->length);
    return false;
  }
  peer->payload = malloc(frame->length > 0 ? frame->length : 1);
  peer->payload_have = 0;
  return peer->payload != NULL;
}

bool peer_waits(const struct peer *peer) {
  return peer->payload != NULL && peer->payload_have == peer->head.frame.length;
}

void peer_read(struct monitor *monitor, struct peer *peer) {
  for (int i = 0; i < 2 && !peer_waits(peer); i++) { /* head and payload mostly come together */
    if (!read_frame(peer))
      return;
    if (peer->payload == NULL && !begin_payload(peer)) {
      peer->broken = true;
      return;
    }
  }
  if (!peer_waits(peer) || !peer_frame(monitor, peer))
    return;
  free(peer->payload);
  peer->payload = NULL;
  peer->head_have = 0;
}

void peer_sweep(struct monitor *monitor) {
  struct peer **link = &monitor->peers;

  while (*link != NULL) {
    struct peer *peer = *link;
    bool leaves = peer->fd < 0 || peer->broken || (peer->ends && peer->out.length == 0);

    /* the relay must hear of its end before the number is forgotten */
    if (!leaves ||
        (peer->is_known && peer->fd >= 0 && !tell_relay(monitor, MESSAGE_PEER_GONE, peer->number, NULL, 0, -1))) {
      link = &peer->next;
      continue;
    }
    *link = peer->next;
    shares_forget(monitor, peer);
    if (peer->fd >= 0)
      close(peer->fd);
    free(peer->payload);
    fifo_release(&peer->out);
    free(peer);
    monitor->peer_count--;
  }
}
