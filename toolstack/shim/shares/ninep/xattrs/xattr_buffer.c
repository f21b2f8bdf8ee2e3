// SPDX-License-Identifier: Apache-2.0
/* Buffers an extended attribute between its first and last message, and serves the reads and writes in between. */
#include "shares/ninep/xattrs/xattr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int xattr_new(struct ninep *server, size_t size, struct xattr **xattr_out) {
  struct xattr *xattr;

  if (server->xattr_bytes + sizeof *xattr + size > NINEP_XATTR_TOTAL_MAX)
    return ENOMEM;
  xattr = calloc(1, sizeof *xattr + size);
  if (xattr == NULL)
    return ENOMEM;
  xattr->size = size;
  server->xattr_bytes += sizeof *xattr + size;
  *xattr_out = xattr;
  return 0;
}

void xattr_discard(struct ninep *server, struct xattr *xattr) {
  server->xattr_bytes -= sizeof *xattr + xattr->size;
  free(xattr);
}

void xattr_free(struct ninep *server, struct fid *fid) {
  if (fid->xattr != NULL)
    xattr_discard(server, fid->xattr);
  fid->xattr = NULL;
}

int xattr_read(const struct fid *fid, uint64_t offset, uint8_t *bytes, size_t *n) {
  const struct xattr *xattr = fid->xattr;
  size_t left;

  if (xattr->is_written)
    return EBADF;
  left = offset < xattr->written ? xattr->written - (size_t)offset : 0;
  if (*n > left)
    *n = left;
  if (*n > 0)
    memcpy(bytes, xattr->value + offset, *n);
  return 0;
}

int xattr_write(struct fid *fid, uint64_t offset, const uint8_t *bytes, size_t n) {
  struct xattr *xattr = fid->xattr;

  if (!xattr->is_written)
    return EBADF;
  if (offset > xattr->written)
    return EINVAL;
  if (n > xattr->size - (size_t)offset)
    return ENOSPC;
  if (n > 0)
    memcpy(xattr->value + offset, bytes, n);
  if (offset + n > xattr->written)
    xattr->written = (size_t)offset + n;
  return 0;
}
