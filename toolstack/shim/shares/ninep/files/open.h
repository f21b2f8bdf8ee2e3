// SPDX-License-Identifier: Apache-2.0
/* Opens files with the flags that a guest may use. */
#ifndef THAW_NINEP_OPEN_H
#define THAW_NINEP_OPEN_H

#include "shares/ninep/state.h"

/* Flags of Tlopen and Tlcreate beyond the access mode. The protocol uses Linux's numbers on x86. */
enum open_flag {
  OPEN_ACCESS = 03, /* the value 3, neither reading nor writing, is refused */
  OPEN_CREATE = 0100,
  OPEN_EXCL = 0200,
  OPEN_TRUNC = 01000,
  OPEN_APPEND = 02000,
  OPEN_DSYNC = 010000,
  OPEN_DIRECTORY = 0200000,
  OPEN_NOATIME = 01000000,
  OPEN_SYNC = 04000000,
  /* NOCTTY, NONBLOCK, FASYNC, DIRECT, LARGEFILE, NOFOLLOW, CLOEXEC: meaningless for a server */
  OPEN_IGNORED = 0400 | 04000 | 020000 | 040000 | 0100000 | 0400000 | 02000000,
};

/* Converts the flags, without those that create. EINVAL for flags not listed above, such as O_PATH and O_TMPFILE. */
int open_flags(uint32_t untrusted_flags, int *flags_out);

/* Opens the file of a fid that must not be open, and stores the descriptor in the fid. */
int open_fid(struct ninep *server, struct fid *fid, uint32_t untrusted_flags);

/* The same with the host's flags. */
int open_host(struct ninep *server, struct fid *fid, int flags);

/* Returns the most bytes that one Tread or Twrite carries, for Rlopen and Rlcreate. */
uint32_t open_unit(const struct ninep *server);

#endif
