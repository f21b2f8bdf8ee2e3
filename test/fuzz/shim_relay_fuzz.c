// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer target: no messages and calls of a relay that a guest has taken over break the monitor, or reach a file
 * that is not one of the relay's processes. Each message is: its socket, head and payload as struct message says, with
 * the length cut to what is there.
 */
#include <assert.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "monitor/peer.h"
#include "monitor/records.h"
#include "shares/shares.h"

void monitor_end(struct monitor *monitor, const char *format, ...) {
  (void)monitor;
  (void)format;
}

const char *monitor_lost(const struct monitor *monitor) {
  return monitor->is_lost ? monitor->lost : NULL;
}

static void add_peer(struct monitor *monitor, uint32_t number, int fd) {
  struct peer *peer = calloc(1, sizeof *peer);

  assert(peer != NULL);
  *peer = (struct peer){.next = monitor->peers, .number = number, .fd = fd, .is_known = true};
  monitor->peers = peer;
  monitor->peer_count++;
}

static void check(const struct monitor *monitor) {
  assert(memchr(monitor->lost, 0, sizeof monitor->lost) != NULL);
  assert(strpbrk(monitor->lost, "\n\r\033") == NULL);
  assert(monitor->record_count <= 2);
  for (const struct record *record = monitor->records; record != NULL; record = record->next)
    assert(record->status == NULL || strchr(record->status, '\n') == record->status + strlen(record->status) - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static uint8_t bytes[65536];
  struct monitor monitor = {.listen_fd = -1, .channel = {.state = CHANNEL_OFFERED, .is_vchan = true, .grants = -1}};
  int link[2], calls[2], peer[2];

  note_set_level("error");
  assert(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, link) == 0);
  assert(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, calls) == 0);
  assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, peer) == 0);
  monitor.link = link[0];
  monitor.calls = calls[0];
  add_peer(&monitor, 1, peer[0]);
  for (uint32_t id = 1; id <= 2; id++)
    assert(record_add(&monitor, id, strdup("/nonexistent/log"), strdup("/nonexistent/status")) == 0);
  while (size > sizeof(struct message)) {
    bool is_call = (data[0] & 1) != 0;
    struct message head;
    uint32_t n;

    memcpy(&head, data + 1, sizeof head);
    data += 1 + sizeof head;
    size -= 1 + sizeof head < size ? 1 + sizeof head : size;
    n = head.length % 2048 < size ? head.length % 2048 : (uint32_t)size;
    if ((head.length & 0x80000000) == 0) /* else the head lies about its length */
      head.length = n;
    head.type %= CALL_MAP + 2;
    head.id %= 4;
    struct iovec parts[] = {{&head, sizeof head}, {(void *)(uintptr_t)data, n}};

    assert(writev(is_call ? calls[1] : link[1], parts, 2) == (ssize_t)(sizeof head + n));
    if (!(is_call ? relay_hear_call(&monitor) : relay_hear(&monitor)))
      break;
    check(&monitor);
    peer_sweep(&monitor);
    while (recv(calls[1], bytes, sizeof bytes, MSG_DONTWAIT) > 0 ||
           recv(link[1], bytes, sizeof bytes, MSG_DONTWAIT) > 0)
      continue;
    data += n;
    size -= n;
  }
  for (struct peer *one = monitor.peers; one != NULL; one = one->next) {
    one->broken = true;
    one->is_known = false;
  }
  peer_sweep(&monitor);
  while (monitor.records != NULL)
    record_remove(&monitor, monitor.records);
  for (unsigned i = 0; i < 2; i++) {
    close(link[i]);
    close(calls[i]);
  }
  close(peer[1]);
  return 0;
}
