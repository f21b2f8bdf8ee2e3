/* SPDX-License-Identifier: Apache-2.0 */
/* One stats file and its readers. Each reader gets the stats of its first read, however many reads it takes. */
#ifndef THAW_LAUNCHER_FIGURE_H
#define THAW_LAUNCHER_FIGURE_H

#include <stdbool.h>
#include <stdint.h>

#include "stand-in/fuse.h"

#define FIGURE_READERS_MAX 1024u

struct text {
  char *bytes;
  uint32_t length; /* 0: no stats yet */
};

struct reader {
  bool used, waits;
  struct fuse_read read; /* the read to answer, while the reader waits */
  struct text text;
};

struct figure {
  int fd; /* the mount's descriptor; -1: none */
  bool is_mounted;
  bool is_lines; /* lines of a name and a number; else a number alone */
  struct text latest;
  struct reader *readers;
  uint32_t readers_size;
};

/* Replaces the text that later readers get. Without memory, the old text stays. */
void figure_set(struct figure *figure, const void *bytes, uint32_t length);

/* Handles one request. Returns true if a reader now waits for stats that the caller must request. Closes the
 * descriptor of a mount that is gone. */
bool figure_turn(struct figure *figure);

/* Answers all waiting readers with the latest text, or with EIO if there is none. */
void figure_serve(struct figure *figure);

#endif
