// SPDX-License-Identifier: Apache-2.0
/*
 * Replaces a guest's rings where there is no domain: the first ring is a connection to the socket in THAW_TEST_RINGS,
 * the second is never used. For tests of the whole file server: its tree, its confinement, its turns.
 */
#include "shares/server/rings.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct rings {
  int fd;
  bool is_over;
  int delay_ms; /* each request takes so long: THAW_TEST_DELAY_MS */
  size_t have;
  uint8_t bytes[2 * THAW_SHARE_MSIZE];
};

struct rings *rings_map(unsigned domid, const struct thaw_share *untrusted, bool resumes, char *text, size_t size) {
  static struct rings rings;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  const char *path = getenv("THAW_TEST_RINGS"), *delay = getenv("THAW_TEST_DELAY_MS");

  (void)domid;
  (void)untrusted;
  (void)resumes;
  rings.delay_ms = delay == NULL ? 0 : atoi(delay);
  rings.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path == NULL ? "" : path);
  if (rings.fd >= 0 && connect(rings.fd, (struct sockaddr *)&address, sizeof address) == 0 &&
      fcntl(rings.fd, F_SETFL, O_NONBLOCK) == 0)
    return &rings;
  snprintf(text, size, "Cannot connect to the test's ring: %s", strerror(errno));
  return NULL;
}

int rings_fd(const struct rings *rings) {
  return rings->fd;
}

int rings_woken(struct rings *rings) {
  return rings->is_over ? -1 : 0;
}

ssize_t rings_next(struct rings *rings, uint8_t request[THAW_SHARE_MSIZE], unsigned *ring_out) {
  ssize_t n = read(rings->fd, rings->bytes + rings->have, sizeof rings->bytes - rings->have);
  uint32_t size;

  rings->is_over = n == 0;
  if (n > 0)
    rings->have += (size_t)n;
  if (rings->have < sizeof size)
    return 0;
  memcpy(&size, rings->bytes, sizeof size);
  if (size > THAW_SHARE_MSIZE)
    return -1;
  if (size > rings->have)
    return 0;
  memcpy(request, rings->bytes, size);
  rings->have -= size;
  memmove(rings->bytes, rings->bytes + size, rings->have);
  if (rings->delay_ms > 0)
    poll(NULL, 0, rings->delay_ms);
  *ring_out = 0;
  return (ssize_t)size;
}

void rings_reply(struct rings *rings, unsigned ring, const uint8_t *reply, size_t n) {
  (void)ring;
  if (write(rings->fd, reply, n) != (ssize_t)n)
    rings->is_over = true;
}
