// SPDX-License-Identifier: Apache-2.0
/* Sends and receives messages with an attached descriptor (descriptor.h). */
#include "link/descriptor.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kernel gives a receiver no more descriptors than these have room for, and closes the others. */
union control {
  struct cmsghdr head;
  char bytes[CMSG_SPACE(sizeof(int))];
};

int descriptor_send_parts(int socket, const struct iovec *parts, size_t count, int fd, int flags) {
  union control control = {.head = {CMSG_LEN(sizeof fd), SOL_SOCKET, SCM_RIGHTS}};
  struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = count};
  size_t n = 0;

  for (size_t i = 0; i < count; i++)
    n += parts[i].iov_len;
  if (fd >= 0) {
    memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
  }
  return sendmsg(socket, &message, MSG_NOSIGNAL | flags) == (ssize_t)n ? 0 : -1;
}

int descriptor_send(int socket, const void *bytes, size_t n, int fd) {
  const struct iovec part = {(void *)(uintptr_t)bytes, n};

  return descriptor_send_parts(socket, &part, 1, fd, 0);
}

ssize_t descriptor_receive_parts(int socket, const struct iovec *parts, size_t count, int *fd_out, int flags) {
  union control control;
  struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts,
                           .msg_iovlen = count,
                           .msg_control = &control,
                           .msg_controllen = sizeof control};
  ssize_t n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | flags);
  const struct cmsghdr *head = n < 0 ? NULL : CMSG_FIRSTHDR(&message);

  *fd_out = -1;
  if (head != NULL && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
      head->cmsg_len == CMSG_LEN(sizeof *fd_out))
    memcpy(fd_out, CMSG_DATA(head), sizeof *fd_out);
  if (n < 0 || (message.msg_flags & MSG_TRUNC) == 0)
    return n;
  if (*fd_out >= 0)
    close(*fd_out);
  *fd_out = -1;
  errno = EPROTO;
  return -1;
}

ssize_t descriptor_receive(int socket, void *bytes, size_t size, int *fd_out) {
  const struct iovec part = {bytes, size};

  return descriptor_receive_parts(socket, &part, 1, fd_out, 0);
}
