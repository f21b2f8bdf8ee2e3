// SPDX-License-Identifier: Apache-2.0
/* Shared by both of the shim's fuzz targets: a shim without files, a channel that accepts all data, and checks. */
#ifndef SHIM_FUZZ_H
#define SHIM_FUZZ_H

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "main/shim.h"

/* The linker replaces the first by the second (--wrap): no input may name files that root then opens. */
const char *__real_process_expect(struct shim *shim, uint32_t id, uint32_t flags, char *log_path, char *status_path,
                                  uint32_t *error_out);
const char *__wrap_process_expect(struct shim *shim, uint32_t id, uint32_t flags, char *log_path, char *status_path,
                                  uint32_t *error_out);

const char *__wrap_process_expect(struct shim *shim, uint32_t id, uint32_t flags, char *log_path, char *status_path,
                                  uint32_t *error_out) {
  (void)shim;
  (void)id;
  (void)flags;
  (void)error_out;
  free(log_path);
  free(status_path);
  return "Cannot expect the process: this is a fuzz target";
}

void __wrap_layer_add(struct shim *shim, uint32_t number, const char *path);

void __wrap_layer_add(struct shim *shim, uint32_t number, const char *path) {
  (void)shim;
  (void)path;
  assert(number >= 1 && number <= THAW_LAYERS_MAX);
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

static inline void fuzz_process(struct shim *shim, uint32_t id, uint32_t flags) {
  uint32_t error;
  struct process *process;

  assert(__real_process_expect(shim, id, flags, NULL, strdup("/nonexistent"), &error) == NULL);
  process = process_find(shim, id);
  free(process->status_path); /* no file a run */
  process->status_path = NULL;
}

/* A client with *peer_out as its peer, which never blocks. */
static inline struct client *fuzz_client(struct shim *shim, int *peer_out) {
  int ends[2];

  assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
  *peer_out = ends[1];
  return client_new(shim, ends[0]);
}

static inline void fuzz_drain(int peer) {
  static uint8_t bytes[65536];

  while (read(peer, bytes, sizeof bytes) > 0)
    continue;
}

/* Invariants that no peer may break: no queue above its window, no credit that was never granted. */
static inline void fuzz_check(struct shim *shim) {
  for (struct process *process = shim->processes; process != NULL; process = process->next) {
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

static inline void fuzz_end(struct shim *shim) {
  for (struct client *client = shim->clients; client != NULL; client = client->next)
    client->broken = true;
  client_sweep(shim);
  process_free_all(shim);
  frame_reader_free(&shim->guest_reader);
}

#endif
