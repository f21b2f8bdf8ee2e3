// SPDX-License-Identifier: Apache-2.0
/* Which file a guest's number stands for. */
#ifndef THAW_NINEP_FID_H
#define THAW_NINEP_FID_H

#include <stdbool.h>
#include <stdint.h>

#ifndef NINEP_FIDS_MAX /* a test and the fuzzer have fewer */
#define NINEP_FIDS_MAX 65536u
#endif
#define NINEP_NO_FID UINT32_MAX

struct xattr;

struct fid {
  struct fid *next; /* in its bucket */
  uint32_t number;
  uint32_t uid;     /* whom the guest asks for; files made through it are this user's */
  int path;         /* O_PATH descriptor of the file, which outlives its name; -1: a value of xattr.c only, or gone */
  int io;           /* opened for reading or writing; -1: not opened */
  bool has_locks;   /* may have some */
  int64_t position; /* of a folder's io: where getdents goes on */
  struct xattr *xattr; /* NULL: a file */
};

/* Hashed with a key of its own, since the guest chooses the numbers. */
struct fid_table {
  struct fid **buckets;
  uint32_t bits; /* 1 << bits buckets, when there are any */
  uint32_t count;
  uint64_t key;
};

struct ninep;

/* NULL: none has this number. */
struct fid *fid_find(struct ninep *server, uint32_t number);

/* The one after that, in no order; the first after NULL; NULL after the last. None may come or go in between. */
struct fid *fid_next(struct ninep *server, const struct fid *after);

/* One that stands for a file and not for an extended attribute, else NULL. */
struct fid *fid_file(struct ninep *server, uint32_t number);

/*
 * Makes one that takes over the descriptor `path`, which is closed on failure as well. errno: EBADF when the number is
 * taken, ENFILE when there are too many.
 */
int fid_new(struct ninep *server, uint32_t number, uint32_t uid, int path, struct fid **fid_out);

/* Closes and forgets; an attribute that was being written is dropped. */
void fid_drop(struct ninep *server, struct fid *fid);

void fid_drop_all(struct ninep *server);

#endif
