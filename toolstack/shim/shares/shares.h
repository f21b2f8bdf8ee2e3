/* SPDX-License-Identifier: Apache-2.0 */
/* The file servers of a sandbox, a process for each 9pfs device: what one does with a hostile guest's requests, or
 * waits for a slow disk, the streams do not see. */
#ifndef SHIM_FILES_H
#define SHIM_FILES_H

#include <poll.h>

#include "main/shim.h"

/* thaw-shim --files DOMID: the server itself, with a socket to its shim for descriptor FILES_SOCKET. The exit status.
 */
#define FILES_SOCKET 3
int files_server_run(const char *domid);

/* What a served server says first; anything else that it says unasked is why it cannot go on. */
#define FILES_SERVED "served"
/* With a descriptor to write to: it is told to, and answers with the second, or with the third and why not. */
#define FILES_STASH "stash"
#define FILES_STASHED "stashed"
#define FILES_NOT_STASHED "not stashed: "
/* Told to one that has. */
#define FILES_GO_ON "go on"
/* The longest message on that socket. */
#define FILES_MESSAGE_MAX 65536u
/* Servers at a time, those that end included: a pod has one for each container with files of the host. */
#define FILES_SERVERS_MAX 128u

/* SHARE, which has a struct thaw_share at least: starts a server for the device, which answers the client when it
 * serves, or cannot. */
void files_share(struct shim *shim, struct client *client, uint32_t device, const uint8_t *payload, uint32_t length);

/* UNSHARE: ends that server, and answers the client when it is gone. */
void files_unshare(struct shim *shim, struct client *client, uint32_t device);

/* STASH: has that server stop and write down what its guest has open, or go on; it answers the client when it is so. */
void files_stash(struct shim *shim, struct client *client, uint32_t device, const uint8_t *payload, uint32_t length);

/* Fills in what to wait for, at most FILES_SERVERS_MAX; the number of them. */
nfds_t files_poll(const struct shim *shim, struct pollfd *fds);

/* What came of it: the servers must be those of files_poll(). One that ends by itself is the end of the sandbox. */
void files_turn(struct shim *shim, const struct pollfd *fds);

/* A client that goes gets no answers. */
void files_forget(struct shim *shim, const struct client *client);

/* Ends all servers: they have the guest's memory mapped. Idempotent. */
void files_end(struct shim *shim);

/* What the shim has of them, before it ends: nobody may be told of anything any more. */
void files_free(struct shim *shim);

#endif
