// SPDX-License-Identifier: Apache-2.0
/* The shim's listening socket. */
#ifndef THAW_SHIM_LISTEN_H
#define THAW_SHIM_LISTEN_H

/* Creates DIR/shim.sock for its owner alone and replaces a dead shim's. Returns the descriptor, or -1 with errno. */
int listen_open(const char *dir);
void listen_close(const char *dir, int fd);

#endif
