/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection to the shim's socket. One whose first frame is ATTACH is a launcher's, and the relay gets it; any other
 * is a peer's, such as thawd's, whose frames name files. The monitor reads no byte beyond a frame, so that the relay
 * can take over.
 */
#ifndef THAW_MONITOR_PEER_H
#define THAW_MONITOR_PEER_H

#include "monitor/monitor.h"

struct peer {
  struct peer *next;
  uint32_t number; /* never used again */
  int fd;          /* -1: the relay has it */
  bool is_known;   /* the relay has heard of it */
  bool broken;     /* peer_sweep() closes it at the end of this turn */
  bool ends;       /* closed once it has received everything */
  bool blocked;
  uint32_t head_have, payload_have;
  union {
    struct thaw_frame frame;
    uint8_t bytes[sizeof(struct thaw_frame)];
  } head;
  uint8_t *payload; /* of the whole frame, behind a copy of its head */
  struct fifo out;
};

/* Queues a whole frame. A peer that does not read its answers is dropped. */
void peer_reply(struct peer *peer, uint32_t type, uint32_t id, uint32_t arg, const char *text);
/* Queues bytes of the relay. */
void peer_push(struct peer *peer, const void *bytes, uint32_t n);

/* True for a whole frame that waits for room on the link. */
bool peer_waits(const struct peer *peer);

/* from_peer.c */
/* Returns the most payload bytes of such a frame, or -1 for a frame that no peer may send. */
int64_t peer_frame_most(const struct thaw_frame *frame);
/* Handles a whole frame. Returns false while the link is full: call it again once it is not. */
bool peer_frame(struct monitor *monitor, struct peer *peer);

#endif
