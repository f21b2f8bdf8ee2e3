// SPDX-License-Identifier: Apache-2.0
/* Buffers the extended attribute of a fid while the guest reads or writes it. */
#ifndef THAW_NINEP_XATTR_H
#define THAW_NINEP_XATTR_H

#include "shares/ninep/files/path.h"

/* One value, or the list of names. */
struct xattr {
  struct name name;
  bool is_written;
  int flags;            /* XATTR_CREATE, XATTR_REPLACE */
  size_t size, written; /* bytes: announced; received without a gap */
  uint8_t value[];
};

/* Allocates a buffer of `size` bytes, at most NINEP_XATTR_MAX. ENOMEM also when fids already hold too many bytes. */
int xattr_new(struct ninep *server, size_t size, struct xattr **xattr_out);

/* Frees a buffer that no fid has. */
void xattr_discard(struct ninep *server, struct xattr *xattr);

/* *n: bytes wanted, then bytes read. EBADF for an attribute that is being written. */
int xattr_read(const struct fid *fid, uint64_t offset, uint8_t *bytes, size_t *n);

/* EBADF for an attribute that is being read, ENOSPC beyond the announced size. */
int xattr_write(struct fid *fid, uint64_t offset, const uint8_t *bytes, size_t n);

/* Call before a fid is clunked: sets the attribute that was written through it. Returns 0 for every other fid. */
int xattr_finish(const struct fid *fid);

/* Frees the fid's buffer, if any. */
void xattr_free(struct ninep *server, struct fid *fid);

#endif
