/* SPDX-License-Identifier: Apache-2.0 */
/* One file of figures, and who reads it: each reader has what was so when it began, however many reads it takes. */
#ifndef THAW_LAUNCHER_FIGURE_H
#define THAW_LAUNCHER_FIGURE_H

#include <stdbool.h>
#include <stdint.h>

#include "stand-in/fuse.h"

#define FIGURE_READERS_MAX 1024u

struct text {
  char *bytes;
  uint32_t length; /* 0: nothing is known */
};

struct reader {
  bool used, waits;
  struct fuse_read read; /* it waits for this one's answer */
  struct text text;
};

struct figure {
  int fd; /* of its mount, -1: none */
  bool is_mounted;
  bool is_lines; /* of a name and a number, else a number alone */
  struct text latest;
  struct reader *readers;
  uint32_t readers_size;
};

/* What it says from now on; what cannot be kept for want of memory changes nothing. */
void figure_set(struct figure *figure, const void *bytes, uint32_t length);

/* Deals with a request; whether a reader waits now for figures that are to be asked for. One that is mounted no more is
 * closed. */
bool figure_turn(struct figure *figure);

/* Answers all who wait with what is known by now; EIO where nothing is. */
void figure_serve(struct figure *figure);

#endif
