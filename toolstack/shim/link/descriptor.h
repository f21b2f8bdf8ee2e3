/* SPDX-License-Identifier: Apache-2.0 */
/* Sends and receives messages with an attached descriptor, between the processes of a sandbox. */
#ifndef SHIM_DESCRIPTOR_H
#define SHIM_DESCRIPTOR_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

/* Sends one message, with the descriptor unless it is -1. The caller keeps the descriptor. Returns -1 with errno. */
int descriptor_send(int socket, const void *bytes, size_t n, int fd);
int descriptor_send_parts(int socket, const struct iovec *parts, size_t count, int fd, int flags);

/*
 * Like recv(), but -1 with EPROTO for a longer message. *fd_out belongs to the caller; it is -1 if the message has no
 * descriptor, or more than one.
 */
ssize_t descriptor_receive(int socket, void *bytes, size_t size, int *fd_out);
ssize_t descriptor_receive_parts(int socket, const struct iovec *parts, size_t count, int *fd_out, int flags);

#endif
