// SPDX-License-Identifier: Apache-2.0
/* Sends and receives frames on one unix socket without blocking the launcher. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "main/launcher.h"

#define OUT_MAX (THAW_CONTROL_MAX + (1u << 20))
#define READ_STEP 65536

int connection_open(struct connection *connection, const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int fd;

  if (strlen(path) >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  strcpy(address.sun_path, path);
  fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return -1;
  while (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
    if (errno == EINTR)
      continue;
    int error = errno;

    close(fd);
    errno = error;
    return -1;
  }
  connection->fd = fd;
  return 0;
}

/* Queues a frame. Credit bounds the launcher's own frames; request_put() checks the size of a request. */
void connection_put(struct connection *connection, uint32_t type, uint32_t id, uint32_t arg, const void *payload,
                    uint32_t length) {
  struct thaw_frame frame = {.length = length, .type = type, .id = id, .arg = arg};

  if (connection->fd < 0)
    return;
  if (fifo_push(&connection->out, &frame, sizeof frame, OUT_MAX) != 0 ||
      fifo_push(&connection->out, payload, length, OUT_MAX) != 0) {
    say("Out of memory");
    connection_close(connection);
  }
}

int connection_flush(struct connection *connection) {
  while (connection->fd >= 0 && connection->out.length > 0) {
    uint32_t side;
    const uint8_t *bytes = fifo_peek(&connection->out, &side);
    ssize_t n = send(connection->fd, bytes, side, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0 && errno == EAGAIN)
      return 0;
    if (n < 0) {
      connection->unread = true;
      return -1;
    }
    fifo_drop(&connection->out, (uint32_t)n);
  }
  return 0;
}

int connection_read(struct connection *connection, const struct frame_sink *sink, void *ctx) {
  static uint8_t bytes[READ_STEP];
  ssize_t n = recv(connection->fd, bytes, sizeof bytes, MSG_DONTWAIT);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return 0;
  if (n < 0 && errno == ECONNRESET) /* unix(7): the peer closed with unread data, or never accepted */
    connection->unread = true;
  return n > 0 ? frame_reader_feed(&connection->reader, sink, ctx, bytes, (size_t)n) : -1;
}

/* Safe to call from the connection's own sink: the reader keeps its memory. */
void connection_close(struct connection *connection) {
  if (connection->fd >= 0)
    close(connection->fd);
  connection->fd = -1;
  fifo_release(&connection->out);
}
