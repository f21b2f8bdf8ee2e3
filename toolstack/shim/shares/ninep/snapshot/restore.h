/* SPDX-License-Identifier: Apache-2.0 */
/* Declares the shared state of the files that restore a fid snapshot. */
#ifndef THAW_NINEP_RESTORE_H
#define THAW_NINEP_RESTORE_H

#include "shares/ninep/snapshot/qid_restore.h"
#include "shares/ninep/state.h"

#include <stdio.h>

struct restoring {
  struct ninep *server;
  FILE *file;
  uint32_t devices, fids, ranges;
  struct qid_claim *claims; /* one for each device */
  char *text;               /* the error message */
  size_t size;
};

/* Writes the error message for one path and returns the error. */
int restore_fail(const struct restoring *restoring, int error, const char *path, const char *why);

/* Does the same for bytes that no server wrote. */
int restore_malformed(const struct restoring *restoring);

/* Reads the next `n` bytes. Returns 0, or an error with its message written. */
int restore_read(const struct restoring *restoring, void *bytes, size_t n);

/* Restores the next fid with its file open as before. On failure, dropping the fid also frees its descriptors. */
int restore_fid(struct restoring *restoring);

#endif
