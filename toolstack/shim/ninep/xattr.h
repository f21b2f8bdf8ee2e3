// SPDX-License-Identifier: Apache-2.0
/* What a fid that stands for an extended attribute is read from, or what is written through it. */
#ifndef THAW_NINEP_XATTR_H
#define THAW_NINEP_XATTR_H

#include "server.h"

/* *n: bytes wanted, then bytes given. EBADF for one that is written. */
int xattr_read(const struct fid *fid, uint64_t offset, uint8_t *bytes, size_t *n);

/* EBADF for one that is read, ENOSPC beyond the size it was announced with. */
int xattr_write(struct fid *fid, uint64_t offset, const uint8_t *bytes, size_t n);

/* Before a fid is clunked: sets the attribute that was written through it. 0 for every other fid. */
int xattr_finish(const struct fid *fid);

/* Gives up the fid's buffer, if it has one. */
void xattr_free(struct ninep *server, struct fid *fid);

#endif
