/* SPDX-License-Identifier: Apache-2.0 */
/* The shim's state of each 9P server, for the files that send to or hear from one. */
#ifndef SHIM_SHARE_SERVER_H
#define SHIM_SHARE_SERVER_H

#include "monitor/monitor.h"

enum shares_snapshot {
  SHARES_SERVES,
  SHARES_SAVES,   /* told to save a snapshot; the answer is pending */
  SHARES_CANCELS, /* told to resume before it has answered */
  SHARES_STOPPED,
};

struct share_server {
  struct share_server *next;
  uint32_t device;
  pid_t pid;
  int process;          /* pidfd */
  unsigned budget_page; /* of the shim's share_budget */
  int socket;           /* -1: told to end */
  bool served;
  struct peer *asked; /* waits until the server serves */
  struct peer *ended; /* waits until the server is gone */
  enum shares_snapshot snapshot;
  struct peer *snapshot_peer; /* waits until the snapshot is saved or the server resumes */
  char *snapshot_path;        /* set while the answer is pending */
};

/* Returns NULL if the device has no server. */
struct share_server *shares_find(const struct monitor *monitor, uint32_t device);

/*
 * Cuts an optional last field of a SHARE off *length and opens the snapshot that it names; without the field, *fd_out
 * is -1. Returns false with the error message in text.
 */
bool shares_snapshot_open(const uint8_t *payload, uint32_t *length, int *fd_out, char *text, size_t size);

/* Handles a message of a serving server. Returns false if it is no answer to SAVE. */
bool shares_snapshot_receive(struct share_server *server, const char *text);

/* The server will not answer any more: tells the waiting peer. Idempotent. */
void shares_snapshot_end(struct share_server *server);

#endif
