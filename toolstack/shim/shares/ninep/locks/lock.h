// SPDX-License-Identifier: Apache-2.0
/* Sets a fid's locks, and releases them when the fid ends. */
#ifndef THAW_NINEP_LOCK_H
#define THAW_NINEP_LOCK_H

#include "shares/ninep/locks/ranges.h"
#include "shares/ninep/state.h"

/* The fid must have the regular file `info` open. EAGAIN or EACCES if another guest or the host holds a lock. */
int lock_set(struct ninep *server, struct fid *fid, const struct stat *info, const struct lock_range *range);

void lock_release(struct ninep *server, struct fid *fid);

#endif
