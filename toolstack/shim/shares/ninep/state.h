// SPDX-License-Identifier: Apache-2.0
/* Declares the state that the server's files share, and the message handlers of each file. */
#ifndef THAW_NINEP_STATE_H
#define THAW_NINEP_STATE_H

#include "shares/ninep/fids/fid.h"
#include "shares/ninep/fids/qid.h"
#include "shares/ninep/wire.h"

#define NINEP_NAME_MAX 255u
#define NINEP_MODE_BITS 07777u
#ifndef NINEP_LOCK_RANGES_MAX /* the fuzzer uses fewer */
#define NINEP_LOCK_RANGES_MAX 4096u
#endif
#define NINEP_XATTR_MAX 65536u               /* bytes of one value, or of one list of names */
#define NINEP_XATTR_TOTAL_MAX (2u * 1048576) /* bytes held by all fids */

/* Bytes of a Tread's reply or a Twrite's request that are not data; Linux counts 24 for both. */
#define NINEP_IO_HEADER 24u

struct lock_file;

struct ninep {
  int root_fd, fds_fd;
  dev_t root_dev;
  ino_t root_ino;
  uint32_t msize_max;
  uint32_t msize; /* the agreed size; 0: no Tversion yet, or no common version */
  struct budget budget;
  struct fid_table fids;
  struct qid_table qids;
  size_t xattr_bytes;      /* bytes held by fids */
  struct lock_file *locks; /* one for each file with a lock of the guest */
  uint32_t lock_ranges;    /* ranges of all lock files */
  bool has_stale_locks;    /* of a lock file */
};

/* A handler returns 0 with the reply's fields in `out`, an errno, or NINEP_BROKEN for malformed request fields. */
#define NINEP_BROKEN (-1)

typedef int ninep_handler(struct ninep *server, struct wire_in *in, struct wire_out *out);

/* session.c */
ninep_handler answer_version, answer_attach, answer_flush, answer_clunk, answer_remove;
/* files/walk.c */
ninep_handler answer_walk;
/* files/open.c */
ninep_handler answer_lopen;
/* files/lcreate.c */
ninep_handler answer_lcreate;
/* files/create.c */
ninep_handler answer_mkdir, answer_mknod, answer_symlink;
/* files/link.c */
ninep_handler answer_link, answer_rename, answer_renameat, answer_unlinkat, answer_readlink;
/* files/io.c */
ninep_handler answer_read, answer_write, answer_fsync;
/* files/dir.c */
ninep_handler answer_readdir;
/* files/attr.c */
ninep_handler answer_getattr, answer_statfs;
/* files/setattr.c */
ninep_handler answer_setattr;
/* xattrs/xattr.c */
ninep_handler answer_xattrwalk, answer_xattrcreate;
/* locks/lock.c */
ninep_handler answer_lock, answer_getlock;

#endif
