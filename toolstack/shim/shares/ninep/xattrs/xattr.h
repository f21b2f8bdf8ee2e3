// SPDX-License-Identifier: Apache-2.0
/* An extended attribute that a fid stands for: what is read from it, or written through it. */
#ifndef THAW_NINEP_XATTR_H
#define THAW_NINEP_XATTR_H

#include "shares/ninep/files/path.h"

/* One value, or the list of names. */
struct xattr {
  struct name name;
  bool is_written;
  int flags;            /* XATTR_CREATE, XATTR_REPLACE */
  size_t size, written; /* bytes: announced; come, without a gap */
  uint8_t value[];
};

/* One for `size` bytes, at most NINEP_XATTR_MAX. ENOMEM also when fids hold too much already. */
int xattr_new(struct ninep *server, size_t size, struct xattr **xattr_out);

/* Of one that no fid has. */
void xattr_give_up(struct ninep *server, struct xattr *xattr);

/* *n: bytes wanted, then bytes given. EBADF for one that is written. */
int xattr_read(const struct fid *fid, uint64_t offset, uint8_t *bytes, size_t *n);

/* EBADF for one that is read, ENOSPC beyond the size it was announced with. */
int xattr_write(struct fid *fid, uint64_t offset, const uint8_t *bytes, size_t n);

/* Before a fid is clunked: sets the attribute that was written through it. 0 for every other fid. */
int xattr_finish(const struct fid *fid);

/* Gives up the fid's buffer, if it has one. */
void xattr_free(struct ninep *server, struct fid *fid);

#endif
