// SPDX-License-Identifier: Apache-2.0
/* Sends and receives the messages of monitor and relay. The length in a head must be that of its payload. */
#include "link/message.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "link/descriptor.h"

int message_send(int socket, const struct message *head, const void *payload, int fd, int flags) {
  const struct iovec parts[] = {{(void *)(uintptr_t)head, sizeof *head}, {(void *)(uintptr_t)payload, head->length}};
  int rc;

  do
    rc = descriptor_send_parts(socket, parts, head->length > 0 ? 2 : 1, fd, flags);
  while (rc != 0 && errno == EINTR);
  return rc;
}

int message_receive(int socket, struct message *head, void *payload, int *fd_out, int flags) {
  const struct iovec parts[] = {{head, sizeof *head}, {payload, MESSAGE_MAX}};
  ssize_t n;

  do
    n = descriptor_receive_parts(socket, parts, 2, fd_out, flags);
  while (n < 0 && errno == EINTR);
  if (n <= 0)
    return (int)n;
  if ((size_t)n >= sizeof *head && head->length <= MESSAGE_MAX && (size_t)n == sizeof *head + head->length)
    return 1;
  if (*fd_out >= 0)
    close(*fd_out);
  *fd_out = -1;
  errno = EPROTO;
  return -1;
}
