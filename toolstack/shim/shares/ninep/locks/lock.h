// SPDX-License-Identifier: Apache-2.0
/* How a fid gets locks, and what becomes of them when it goes. */
#ifndef THAW_NINEP_LOCK_H
#define THAW_NINEP_LOCK_H

#include "shares/ninep/locks/ranges.h"
#include "shares/ninep/server.h"

/* Of a fid that has the regular file `info` open: EAGAIN or EACCES where somebody else has it locked. */
int lock_set(struct ninep *server, struct fid *fid, const struct stat *info, const struct lock_range *range);

void lock_release(struct ninep *server, struct fid *fid);

#endif
