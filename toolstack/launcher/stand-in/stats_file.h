/* SPDX-License-Identifier: Apache-2.0 */
/* One stats file and its readers. Each reader gets the stats of its first read, however many reads it takes. */
#ifndef THAW_LAUNCHER_STATS_FILE_H
#define THAW_LAUNCHER_STATS_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "stand-in/fuse.h"

#define STATS_READERS_MAX 1024u

struct text {
  char *bytes;
  uint32_t length; /* 0: no stats yet */
};

struct reader {
  bool used, waits;
  struct fuse_read read; /* the read to answer, while the reader waits */
  struct text text;
};

struct stats_file {
  int fd; /* the mount's descriptor; -1: none */
  bool is_mounted;
  bool is_lines; /* lines of a name and a number; else a number alone */
  struct text latest;
  struct reader *readers;
  uint32_t readers_size;
};

/* Replaces the text that later readers get. Without memory, the old text stays. */
void stats_file_set(struct stats_file *file, const void *bytes, uint32_t length);

/* Handles one request. Returns true if a reader now waits for stats that the caller must request. Closes the
 * descriptor of a mount that is gone. */
bool stats_file_turn(struct stats_file *file);

/* Answers all waiting readers with the latest text, or with EIO if there is none. */
void stats_file_serve(struct stats_file *file);

#endif
