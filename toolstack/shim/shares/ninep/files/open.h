// SPDX-License-Identifier: Apache-2.0
/* With which flags a guest may open a file. */
#ifndef THAW_NINEP_OPEN_H
#define THAW_NINEP_OPEN_H

#include "shares/ninep/server.h"

/* What Tlopen and Tlcreate may ask for beyond the access mode, as the protocol has it; Linux's numbers on x86. */
enum open_flag {
  OPEN_ACCESS = 03, /* 3: neither reading nor writing, refused */
  OPEN_CREATE = 0100,
  OPEN_EXCL = 0200,
  OPEN_TRUNC = 01000,
  OPEN_APPEND = 02000,
  OPEN_DSYNC = 010000,
  OPEN_DIRECTORY = 0200000,
  OPEN_NOATIME = 01000000,
  OPEN_SYNC = 04000000,
  /* NOCTTY, NONBLOCK, FASYNC, DIRECT, LARGEFILE, NOFOLLOW, CLOEXEC: they say nothing to a server */
  OPEN_IGNORED = 0400 | 04000 | 020000 | 040000 | 0100000 | 0400000 | 02000000,
};

/* Without what creates. errno: EINVAL for flags that are none of the above, so O_PATH and O_TMPFILE. */
int open_flags(uint32_t untrusted_flags, int *flags_out);

/* Opens for a fid, which must not be open, and notes it there. */
int open_fid(struct ninep *server, struct fid *fid, uint32_t untrusted_flags);

/* How many bytes one Tread or Twrite carries at most, for Rlopen and Rlcreate. */
uint32_t open_unit(const struct ninep *server);

#endif
