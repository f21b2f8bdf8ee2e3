// SPDX-License-Identifier: Apache-2.0
/*
 * Watches in xenstore, over its own wire protocol: libxenstore's archive is built without its reader thread, and
 * then its descriptor never becomes readable.
 */
#ifndef THAW_SHIM_WATCH_H
#define THAW_SHIM_WATCH_H

struct watch {
  int fd; /* -1: none, or the store closed it */
};

/* Connects to the store. 0, or -1 with errno. */
int watch_open(struct watch *watch);
/* Asks to be told of, or told no more of, changes at and below a path. -1 with errno. */
int watch_add(struct watch *watch, const char *path);
int watch_remove(struct watch *watch, const char *path);
/* Takes what came, whatever it is: that something came is the message. Closes when the store did. */
void watch_drain(struct watch *watch);
void watch_close(struct watch *watch);

#endif
