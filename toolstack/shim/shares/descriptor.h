/* SPDX-License-Identifier: Apache-2.0 */
/* Sends and receives messages with an attached descriptor, between the shim and its 9P servers. */
#ifndef SHIM_DESCRIPTOR_H
#define SHIM_DESCRIPTOR_H

#include <stddef.h>
#include <sys/types.h>

/* Sends one message, with the descriptor unless it is -1. The caller keeps the descriptor. Returns -1 with errno. */
int descriptor_send(int socket, const void *bytes, size_t n, int fd);

/* Like recv(). *fd_out belongs to the caller; it is -1 if the message has no descriptor. */
ssize_t descriptor_receive(int socket, void *bytes, size_t size, int *fd_out);

#endif
