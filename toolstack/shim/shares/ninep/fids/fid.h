// SPDX-License-Identifier: Apache-2.0
/* Maps a guest's fid numbers to files. */
#ifndef THAW_NINEP_FID_H
#define THAW_NINEP_FID_H

#include "shares/ninep/fids/budget.h"

#include <stdbool.h>
#include <stdint.h>

#ifndef NINEP_FIDS_MAX /* a test and the fuzzer use fewer */
#define NINEP_FIDS_MAX 32768u
#endif
#define NINEP_NO_FID UINT32_MAX

struct xattr;

struct fid {
  struct fid *next; /* in the same bucket */
  uint32_t number;
  uint32_t uid;        /* the guest's user of this fid, who owns files created through it */
  int path;            /* O_PATH descriptor of the file, valid even without a name; -1: only an xattr, or a gone file */
  int io;              /* open for reading or writing; -1: not open */
  bool has_locks;      /* true if the fid may have locks */
  int64_t position;    /* of a folder's io: getdents continues here */
  struct xattr *xattr; /* NULL: a file */
};

/* Hashed with a secret key, since the guest chooses the numbers. */
struct fid_table {
  struct fid **buckets;
  uint32_t bits; /* 1 << bits buckets, unless buckets is NULL */
  uint32_t count;
  uint64_t key;
  struct budget *budget; /* of the fids' descriptors */
};

/* Returns the fid with this number, or NULL. */
struct fid *fid_find(const struct fid_table *table, uint32_t number);

/* Returns the next fid, in no order; the first after NULL; NULL after the last. Add or remove no fid in between. */
struct fid *fid_next(const struct fid_table *table, const struct fid *after);

/* Returns the fid if it stands for a file and not for an extended attribute, else NULL. */
struct fid *fid_file(const struct fid_table *table, uint32_t number);

/*
 * Creates a fid that takes over the descriptor `path`; closes `path` on failure. errno: EBADF when the number is in
 * use, ENFILE with too many fids or descriptors.
 */
int fid_new(struct fid_table *table, uint32_t number, uint32_t uid, int path, struct fid **fid_out);

/* Closes the fid's descriptors and frees it. Only fid_drop() calls this: the fid must hold no lock and no attribute. */
void fid_remove(struct fid_table *table, struct fid *fid);

#endif
