// SPDX-License-Identifier: Apache-2.0
/*
 * Watches xenstore over its wire protocol: the static libxenstore is built without its reader thread, and so its
 * descriptor never becomes readable.
 */
#ifndef THAW_SHIM_WATCH_H
#define THAW_SHIM_WATCH_H

struct watch {
  int fd; /* -1: none, or the store closed it */
};

/* Connects to the store. 0, or -1 with errno. */
int watch_open(struct watch *watch);
/* Start and stop watching a path and everything below it. Return -1 with errno on failure. */
int watch_add(struct watch *watch, const char *path);
int watch_remove(struct watch *watch, const char *path);
/* Discards all events: their arrival is the message. Closes the descriptor if the store closed it. */
void watch_drain(struct watch *watch);
void watch_close(struct watch *watch);

#endif
