// SPDX-License-Identifier: Apache-2.0
/* Serves one read-only file over FUSE. Trusts the kernel's messages, and refuses every request that the file does not
 * need. */
#include "stand-in/fuse.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define ATTRIBUTES_S 3600
#define WRITE_MAX 4096

int fuse_mount(const char *path) {
  int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK);
  char options[128];

  if (fd < 0)
    return -1;
  snprintf(options, sizeof options, "fd=%d,rootmode=%o,user_id=0,group_id=0,allow_other,default_permissions", fd,
           S_IFREG | 0444);
  if (mount("thaw", path, "fuse.thaw", MS_NOSUID | MS_NODEV | MS_NOEXEC, options) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

static void reply(int fd, uint64_t unique, int error, const void *bytes, size_t n) {
  struct fuse_out_header head = {.len = (uint32_t)(sizeof head + n), .error = -error, .unique = unique};
  struct iovec parts[] = {{&head, sizeof head}, {(void *)(uintptr_t)bytes, n}};

  if (writev(fd, parts, 2) < 0)
    return; /* the requester is gone */
}

void fuse_answer(int fd, uint64_t unique, const void *bytes, size_t n) {
  reply(fd, unique, 0, bytes, n);
}

void fuse_fail(int fd, uint64_t unique, int error) {
  reply(fd, unique, error, NULL, 0);
}

static void init(int fd, uint64_t unique) {
  struct fuse_init_out out = {.major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION, .max_write = WRITE_MAX};

  reply(fd, unique, 0, &out, sizeof out);
}

static void attributes(int fd, uint64_t unique) {
  struct fuse_attr_out out = {.attr_valid = ATTRIBUTES_S,
                              .attr = {.ino = FUSE_ROOT_ID, .mode = S_IFREG | 0444, .nlink = 1, .blksize = 4096}};

  reply(fd, unique, 0, &out, sizeof out);
}

/* Reports no blocks, like proc and sysfs: df leaves such mounts out. */
static void statistics(int fd, uint64_t unique) {
  struct fuse_statfs_out out = {.st = {.bsize = 4096, .namelen = 255}};

  reply(fd, unique, 0, &out, sizeof out);
}

static void opened(int fd, uint64_t unique, const struct fuse_open_in *in, const struct fuse_owner *owner) {
  struct fuse_open_out out = {.open_flags = FOPEN_DIRECT_IO | FOPEN_NOFLUSH};

  if ((in->flags & O_ACCMODE) != O_RDONLY) {
    fuse_fail(fd, unique, EACCES);
    return;
  }
  out.fh = owner->opened(owner->ctx);
  if (out.fh == 0)
    fuse_fail(fd, unique, EMFILE);
  else
    reply(fd, unique, 0, &out, sizeof out);
}

int fuse_next(int fd, const struct fuse_owner *owner, struct fuse_read *read_out) {
  static union {
    struct fuse_in_header head;
    uint8_t bytes[FUSE_MIN_READ_BUFFER + WRITE_MAX];
  } in;
  const void *body = in.bytes + sizeof in.head;
  struct fuse_read_in reading;
  ssize_t n = read(fd, &in, sizeof in);

  if (n < 0)
    return errno == EAGAIN || errno == EINTR || errno == ENOENT ? 0 : -1;
  memset(in.bytes + n, 0, sizeof in - (size_t)n);
  switch (in.head.opcode) {
  case FUSE_INIT:
    init(fd, in.head.unique);
    return 0;
  case FUSE_GETATTR:
    attributes(fd, in.head.unique);
    return 0;
  case FUSE_OPEN:
    opened(fd, in.head.unique, body, owner);
    return 0;
  case FUSE_READ:
    memcpy(&reading, body, sizeof reading);
    *read_out = (struct fuse_read){in.head.unique, reading.fh, reading.offset, reading.size};
    return 1;
  case FUSE_STATFS:
    statistics(fd, in.head.unique);
    return 0;
  case FUSE_RELEASE:
    owner->released(owner->ctx, ((const struct fuse_release_in *)body)->fh);
    fuse_fail(fd, in.head.unique, 0);
    return 0;
  case FUSE_INTERRUPT:
    owner->interrupted(owner->ctx, ((const struct fuse_interrupt_in *)body)->unique);
    return 0;
  case FUSE_FORGET:
  case FUSE_BATCH_FORGET:
    return 0; /* these take no answer */
  default:
    fuse_fail(fd, in.head.unique, ENOSYS);
    return 0;
  }
}
