// SPDX-License-Identifier: Apache-2.0
/* Drops fids with their locks and attributes (drop.h). */
#include "shares/ninep/drop.h"

#include "shares/ninep/locks/lock.h"
#include "shares/ninep/xattrs/xattr.h"

void fid_drop(struct ninep *server, struct fid *fid) {
  if (fid->has_locks)
    lock_release(server, fid);
  xattr_free(server, fid);
  fid_remove(&server->fids, fid);
}

void fid_drop_all(struct ninep *server) {
  const struct fid_table *table = &server->fids;

  /* the table shrinks as its fids go, and has no buckets after the last one */
  for (uint32_t i = 0; table->buckets != NULL; i = (i + 1) & ((1u << table->bits) - 1))
    if (table->buckets[i] != NULL)
      fid_drop(server, table->buckets[i]);
}
