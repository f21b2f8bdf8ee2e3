// SPDX-License-Identifier: Apache-2.0
/* Reads, writes and syncs files: Tread, Twrite, Tfsync. */
#include "shares/ninep/state.h"
#include "shares/ninep/xattrs/xattr.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* Finds a fid that is open for reading or writing. */
static int find_open(struct ninep *server, uint32_t number, uint64_t offset, struct fid **fid_out) {
  struct fid *fid = fid_find(&server->fids, number);

  *fid_out = fid;
  if (fid == NULL || (fid->io < 0 && fid->xattr == NULL))
    return EBADF;
  return offset > INT64_MAX ? EINVAL : 0;
}

int answer_read(struct ninep *server, struct wire_in *in, struct wire_out *out) {
  uint32_t number = wire_u32(in);
  uint64_t offset = wire_u64(in);
  size_t n = wire_u32(in);
  struct wire_out count = *out;
  struct fid *fid;
  ssize_t got;

  if (!wire_complete(in))
    return NINEP_BROKEN;
  int error = find_open(server, number, offset, &fid);

  if (error != 0)
    return error;
  wire_put_u32(out, 0);
  if (n > out->left)
    n = out->left;
  if (fid->xattr != NULL) {
    error = xattr_read(fid, offset, out->at, &n);
    if (error != 0)
      return error;
  } else {
    do
      got = pread(fid->io, out->at, n, (off_t)offset);
    while (got < 0 && errno == EINTR);
    if (got < 0)
      return errno;
    n = (size_t)got;
  }
  wire_put_written(out, n);
  wire_put_u32(&count, (uint32_t)n);
  return 0;
}

/* The offset of a write to the current end of the file: thaw's guests append this way, whoever else appends. */
#define OFFSET_END UINT64_MAX

static ssize_t write_at(int fd, const uint8_t *bytes, uint32_t n, uint64_t offset) {
  struct iovec part = {(void *)(uintptr_t)bytes, n};
  ssize_t done;

  do
    done = offset == OFFSET_END ? pwritev2(fd, &part, 1, 0, RWF_APPEND) : pwrite(fd, bytes, n, (off_t)offset);
  while (done < 0 && errno == EINTR);
  return done;
}

int answer_write(struct ninep *server, struct wire_in *in, struct wire_out *out) {
  uint32_t number = wire_u32(in);
  uint64_t offset = wire_u64(in);
  uint32_t n = wire_u32(in);
  const uint8_t *bytes = wire_bytes(in, n);
  struct fid *fid;
  ssize_t done;

  if (!wire_complete(in))
    return NINEP_BROKEN;
  int error = find_open(server, number, offset == OFFSET_END ? 0 : offset, &fid);

  if (error != 0)
    return error;
  if (fid->xattr != NULL) {
    if (offset == OFFSET_END)
      return EINVAL;
    error = xattr_write(fid, offset, bytes, n);
    if (error != 0)
      return error;
    done = n;
  } else {
    done = write_at(fid->io, bytes, n, offset);
    if (done < 0)
      return errno;
  }
  wire_put_u32(out, (uint32_t)done);
  return 0;
}

int answer_fsync(struct ninep *server, struct wire_in *in, struct wire_out *out) {
  uint32_t number = wire_u32(in), data_only = wire_u32(in);
  struct fid *fid;

  (void)out;
  if (!wire_complete(in))
    return NINEP_BROKEN;
  fid = fid_file(&server->fids, number);
  if (fid == NULL || fid->io < 0)
    return EBADF;
  return (data_only != 0 ? fdatasync(fid->io) : fsync(fid->io)) != 0 ? errno : 0;
}
