/* SPDX-License-Identifier: Apache-2.0 */
/* The file server of a sandbox, a process of its own: what it does with a hostile guest's requests, or waits for a slow
 * disk, the streams do not see. */
#ifndef SHIM_FILES_H
#define SHIM_FILES_H

#include "shim.h"

/* thaw-shim --files DOMID: the server itself, with a socket to its shim for descriptor FILES_SOCKET. The exit status.
 */
#define FILES_SOCKET 3
int files_server_run(const char *domid);

/* What a served server says first; anything else is why it cannot go on. */
#define FILES_SERVED "served"
/* The longest message on that socket. */
#define FILES_MESSAGE_MAX 65536u

/* SHARE: starts the server, which answers the client when it serves, or cannot. */
void files_request(struct shim *shim, struct client *client, const uint8_t *payload, uint32_t length);

/* The server's descriptor for poll, -1 when there is none. */
int files_fd(const struct shim *shim);

/* The server has said something, or ended: then the sandbox is lost. */
void files_woken(struct shim *shim);

/* Ends the server: it has the guest's memory mapped. Idempotent. */
void files_end(struct shim *shim);

#endif
