/* SPDX-License-Identifier: Apache-2.0 */
/* How a descriptor goes along with a message between the shim and its file servers. */
#ifndef SHIM_DESCRIPTOR_H
#define SHIM_DESCRIPTOR_H

#include <stddef.h>
#include <sys/types.h>

/* Sends one message, with the descriptor unless that is -1; it stays the caller's. -1 with errno. */
int descriptor_send(int socket, const void *bytes, size_t n, int fd);

/* As recv(); *fd_out is the caller's, -1 where none came along. */
ssize_t descriptor_receive(int socket, void *bytes, size_t size, int *fd_out);

#endif
