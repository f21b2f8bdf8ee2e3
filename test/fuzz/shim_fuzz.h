// SPDX-License-Identifier: Apache-2.0
/* Shared by both of the shim's fuzz targets: a shim without files, a channel that accepts all data, and checks. */
#ifndef SHIM_FUZZ_H
#define SHIM_FUZZ_H

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "relay/relay.h"
#include "relay/to_monitor.h"

/* In place of the monitor: there are no files, and no status can be written. */
void tell_monitor(enum message_type type, uint32_t id, uint32_t arg, const void *payload, uint32_t length) {
  (void)type;
  (void)id;
  (void)arg;
  (void)payload;
  assert(length <= MESSAGE_MAX);
}

int call_log(uint32_t process, enum call_log how, int *fd_out, uint64_t *size_out) {
  (void)process;
  (void)how;
  (void)fd_out;
  (void)size_out;
  return ENOENT;
}

int call_status(uint32_t process, const struct call_status *status, const char *lost) {
  (void)status;
  (void)lost;
  assert(process != 0);
  return EIO;
}

static inline ssize_t fuzz_write(struct transport *transport, const void *bytes, size_t n) {
  (void)transport;
  (void)bytes;
  return (ssize_t)n;
}

static inline void fuzz_close(struct transport *transport) {
  transport->fd = -1;
}

static const struct transport_ops fuzz_ops = {.write = fuzz_write, .close = fuzz_close};

static inline void fuzz_process(struct relay *relay, uint32_t id, uint32_t flags) {
  uint32_t error;
  struct process *process;

  assert(process_expect(relay, id, flags, EXPECT_STATUS, &error) == NULL);
  process = process_find(relay, id);
  process->has_status = false; /* as if it were written */
}

/* A client with *peer_out as its peer, which never blocks. */
static inline struct client *fuzz_client(struct relay *relay, int *peer_out) {
  int ends[2];

  assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
  *peer_out = ends[1];
  return client_new(relay, ends[0], 0);
}

static inline void fuzz_drain(int peer) {
  static uint8_t bytes[65536];

  while (read(peer, bytes, sizeof bytes) > 0)
    continue;
}

/* Invariants that no peer may break: no queue above its window, no credit that was never granted. */
static inline void fuzz_check(struct relay *relay) {
  for (struct process *process = relay->processes; process != NULL; process = process->next) {
    struct client *client = process->client;
    uint64_t in = (uint64_t)process->in_allowed + process->in.length;

    for (int i = 0; i < 2; i++) {
      const struct output *out = &process->out[i];

      assert((uint64_t)out->credit + out->unacked + out->owed <= THAW_WINDOW);
    }
    if (client != NULL) {
      assert(client->process == process);
      assert(client->out[0].length <= THAW_WINDOW && client->out[1].length <= THAW_WINDOW);
      in += (uint64_t)client->in_credit + client->in_grant;
    }
    assert(in <= THAW_WINDOW);
  }
}

static inline void fuzz_end(struct relay *relay) {
  for (struct client *client = relay->clients; client != NULL; client = client->next)
    client->broken = true;
  client_sweep(relay);
  process_free_all(relay);
  frame_reader_free(&relay->guest_reader);
}

#endif
