/* SPDX-License-Identifier: Apache-2.0 */
/* Serves the content of one file of dom0 over Linux' FUSE (linux/fuse.h): a mount whose root is that file. */
#ifndef THAW_LAUNCHER_FUSE_H
#define THAW_LAUNCHER_FUSE_H

#include <stddef.h>
#include <stdint.h>

/* A pending read of the file. */
struct fuse_read {
  uint64_t unique; /* identifies the read in its answer */
  uint64_t handle; /* the reader's handle, from opened() */
  uint64_t offset;
  uint32_t size;
};

/* Callbacks of the file's owner. */
struct fuse_owner {
  void *ctx;
  uint64_t (*opened)(void *ctx); /* returns a handle, not 0; 0: too many readers */
  void (*released)(void *ctx, uint64_t handle);
  void (*interrupted)(void *ctx, uint64_t unique); /* the reader got a signal and waits for any answer */
};

/* Mounts over an existing file. Returns a descriptor that is readable when requests wait, or -1. Closing the
 * descriptor's last copy ends the mount. */
int fuse_mount(const char *path);

/* Takes one request. Returns 1 for a read, 0 when the owner has nothing to answer, -1 when the mount is gone. */
int fuse_next(int fd, const struct fuse_owner *owner, struct fuse_read *read_out);

void fuse_answer(int fd, uint64_t unique, const void *bytes, size_t n);
void fuse_fail(int fd, uint64_t unique, int error); /* an errno */

#endif
