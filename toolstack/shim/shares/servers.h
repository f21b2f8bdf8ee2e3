/* SPDX-License-Identifier: Apache-2.0 */
/* What the shim knows of each of its file servers, for the files that ask or hear one. */
#ifndef SHIM_FILES_SERVERS_H
#define SHIM_FILES_SERVERS_H

#include "main/shim.h"

enum files_stash {
  FILES_SERVES,
  FILES_STASHES,  /* it was told to, and has not answered */
  FILES_GIVES_UP, /* and meanwhile to go on */
  FILES_STOPPED,
};

struct files_server {
  struct files_server *next;
  uint32_t device;
  pid_t pid;
  int process; /* pidfd */
  int socket;  /* -1: it was told to end */
  bool served;
  struct client *asked; /* waits for it to serve */
  struct client *ended; /* waits for it to be gone */
  enum files_stash stash;
  struct client *stashed; /* waits for it to have stashed, or to go on */
  char *stash_path;       /* while it has not answered */
};

/* NULL: the device has none. */
struct files_server *files_find(const struct shim *shim, uint32_t device);

/*
 * The last field of a SHARE, where there is one: cuts it off *length and opens the file that it names, else *fd_out is
 * -1. False with what is wrong in text.
 */
bool files_stash_open(const uint8_t *payload, uint32_t *length, int *fd_out, char *text, size_t size);

/* What a server that serves has said: false when it is no answer to STASH. */
bool files_stash_heard(struct files_server *server, const char *text);

/* It will not answer any more. Idempotent. */
void files_stash_over(struct files_server *server);

#endif
