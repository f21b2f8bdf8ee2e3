/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a sandbox's 9P servers, one process for each 9pfs device: so a hostile guest's requests and a slow disk do not
 * affect the streams. */
#ifndef SHIM_SHARES_H
#define SHIM_SHARES_H

#include <poll.h>

#include "base/spawn_child.h"
#include "monitor/monitor.h"
#include "shares/shared_budget.h"

/* thaw-shim --files DOMID PAGE: runs the server itself, with a socket to its shim as descriptor SHARES_SOCKET, and the
 * memory of shares/shared_budget.h as SHARES_BUDGET, in which it has the page PAGE. Returns the exit status. */
#define SHARES_SOCKET SPAWN_FIRST
#define SHARES_BUDGET (SHARES_SOCKET + 1)
int shares_server_run(const char *domid, const char *page);

/* A server's first message once it serves. Any other unrequested message is the reason why it cannot continue. */
#define SHARES_SERVED "served"
/* The shim sends SAVE with a descriptor to write to. The server answers SAVED, or NOT_SAVED and the reason. */
#define SHARES_SAVE "save"
#define SHARES_SAVED "saved"
#define SHARES_NOT_SAVED "not saved: "
/* The shim's message to a server that has saved: resume. */
#define SHARES_RESUME "resume"
/* The longest message on that socket, in bytes. */
#define SHARES_MESSAGE_MAX 65536u
/* Concurrent servers, including those that are ending: a pod has one for each container with shares. */
#define SHARES_SERVERS_MAX SHARED_BUDGET_SERVERS

/* SHARE: starts a server for the device. The payload must hold at least a struct thaw_share. The peer gets its
 * answer when the server serves or fails. */
void shares_start(struct monitor *monitor, struct peer *peer, uint32_t device, const uint8_t *payload, uint32_t length);

/* UNSHARE: ends the device's server, and answers the peer when the server is gone. */
void shares_stop(struct monitor *monitor, struct peer *peer, uint32_t device);

/* SAVE_FIDS: makes the server stop and save its guest's open files, or resume; then answers the peer. */
void shares_snapshot(struct monitor *monitor, struct peer *peer, uint32_t device, const uint8_t *payload,
                     uint32_t length);

/* Fills in at most SHARES_SERVERS_MAX descriptors to poll. Returns their number. */
nfds_t shares_poll(const struct monitor *monitor, struct pollfd *fds);

/* Handles the poll's results; the servers must be those of shares_poll(). A server that ends by itself ends the
 * sandbox. */
void shares_turn(struct monitor *monitor, const struct pollfd *fds);

/* Drops the pending answers of a peer that leaves. */
void shares_forget(struct monitor *monitor, const struct peer *peer);

/* Ends all servers, because they have the guest's memory mapped. Idempotent. */
void shares_end(struct monitor *monitor);

/* Frees the shim's state of all servers before the shim ends. No peer may get an answer any more. */
void shares_free(struct monitor *monitor);

#endif
