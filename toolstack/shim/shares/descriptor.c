// SPDX-License-Identifier: Apache-2.0
/* Sends and receives messages with an attached descriptor (descriptor.h). */
#include "shares/descriptor.h"

#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

union control {
  struct cmsghdr head;
  char bytes[CMSG_SPACE(sizeof(int))];
};

int descriptor_send(int socket, const void *bytes, size_t n, int fd) {
  struct iovec part = {(void *)(uintptr_t)bytes, n};
  union control control = {.head = {CMSG_LEN(sizeof fd), SOL_SOCKET, SCM_RIGHTS}};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

  if (fd >= 0) {
    memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
  }
  return sendmsg(socket, &message, MSG_NOSIGNAL) == (ssize_t)n ? 0 : -1;
}

ssize_t descriptor_receive(int socket, void *bytes, size_t size, int *fd_out) {
  struct iovec part = {bytes, size};
  union control control;
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  const struct cmsghdr *head = n < 0 ? NULL : CMSG_FIRSTHDR(&message);

  *fd_out = -1;
  if (head != NULL && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
      head->cmsg_len == CMSG_LEN(sizeof *fd_out))
    memcpy(fd_out, CMSG_DATA(head), sizeof *fd_out);
  return n;
}
