/* SPDX-License-Identifier: Apache-2.0 */
/* What the files share that take up what another server wrote down. */
#ifndef THAW_NINEP_UNSTASH_H
#define THAW_NINEP_UNSTASH_H

#include "shares/ninep/server.h"
#include "shares/ninep/snapshot/qid_restore.h"

#include <stdio.h>

struct unstash {
  struct ninep *server;
  FILE *file;
  uint32_t devices, fids, ranges;
  struct qid_claim *claims; /* one for each device */
  char *text;               /* what is in the way */
  size_t size;
};

/* Says what is in the way of one path, and returns the error. */
int unstash_fail(const struct unstash *unstash, int error, const char *path, const char *why);

/* The same of bytes that no server wrote. */
int unstash_malformed(const struct unstash *unstash);

/* The next `n` bytes, or an error that is said. */
int unstash_take(const struct unstash *unstash, void *bytes, size_t n);

/* The next fid, with its file open as it was. What it has got so far goes with the fid when it fails. */
int unstash_fid(struct unstash *unstash);

#endif
