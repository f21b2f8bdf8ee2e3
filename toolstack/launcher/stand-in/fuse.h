/* SPDX-License-Identifier: Apache-2.0 */
/* A file of dom0 whose content this process says, by Linux' FUSE (linux/fuse.h): a mount whose root is that file. */
#ifndef THAW_LAUNCHER_FUSE_H
#define THAW_LAUNCHER_FUSE_H

#include <stddef.h>
#include <stdint.h>

/* A read of the file, which is to be answered. */
struct fuse_read {
  uint64_t unique; /* names it */
  uint64_t handle; /* of whoever has it open, as opened() named it */
  uint64_t offset;
  uint32_t size;
};

/* What the file's owner decides. */
struct fuse_owner {
  void *ctx;
  uint64_t (*opened)(void *ctx); /* a handle, not 0; 0: there are too many */
  void (*released)(void *ctx, uint64_t handle);
  void (*interrupted)(void *ctx, uint64_t unique); /* who reads has got a signal, and waits for any answer */
};

/* Mounts it over a file, which is there: a descriptor that is readable when there are requests, or -1. It goes with its
 * last copy. */
int fuse_mount(const char *path);

/* Takes one request: 1 for a read, 0 when there is nothing to answer, -1 when it is mounted no more. */
int fuse_next(int fd, const struct fuse_owner *owner, struct fuse_read *read_out);

void fuse_answer(int fd, uint64_t unique, const void *bytes, size_t n);
void fuse_fail(int fd, uint64_t unique, int error); /* an errno */

#endif
