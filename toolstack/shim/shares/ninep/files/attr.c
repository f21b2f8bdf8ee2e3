// SPDX-License-Identifier: Apache-2.0
/* Reports the attributes of a file and its file system: Tgetattr, Tstatfs. */
#include "shares/ninep/files/open.h"
#include "shares/ninep/files/path.h"

#include <errno.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#define ATTR_BASIC UINT64_C(0x7ff) /* all attributes of fstat */
#define V9FS_MAGIC 0x01021997u

/* Encodes a device number for new_decode_dev() in the guest's kernel. */
static uint64_t device_number(dev_t device) {
  uint64_t major_bits = major(device), minor_bits = minor(device);

  return (minor_bits & 0xff) | major_bits << 8 | (minor_bits & ~UINT64_C(0xff)) << 12;
}

/* Programs read and write in pieces of this size, and each piece costs a round trip: returns the largest power of two
 * that fits one message. */
static uint64_t block_size(const struct ninep *server, const struct stat *info) {
  uint64_t size = (uint64_t)info->st_blksize;

  while (S_ISREG(info->st_mode) && size > 0 && size * 2 <= open_unit(server))
    size *= 2;
  return size;
}

static void put_time(struct wire_out *out, const struct timespec *time) {
  wire_put_u64(out, (uint64_t)time->tv_sec);
  wire_put_u64(out, (uint64_t)time->tv_nsec);
}

int answer_getattr(struct ninep *server, struct wire_in *in, struct wire_out *out) {
  uint32_t number = wire_u32(in);
  const struct timespec never = {0};
  struct stat info;
  struct fid *fid;
  struct qid qid;

  wire_u64(in); /* the requested attributes: the reply always has all */
  if (!wire_complete(in))
    return NINEP_BROKEN;
  fid = fid_file(&server->fids, number);

  int error = fid == NULL ? EBADF : path_stat(server, fid->path, &info, &qid);

  if (error != 0)
    return error;
  wire_put_u64(out, ATTR_BASIC);
  qid_put(out, &qid);
  wire_put_u32(out, info.st_mode);
  wire_put_u32(out, info.st_uid);
  wire_put_u32(out, info.st_gid);
  wire_put_u64(out, info.st_nlink);
  wire_put_u64(out, device_number(info.st_rdev));
  wire_put_u64(out, (uint64_t)info.st_size);
  wire_put_u64(out, block_size(server, &info));
  wire_put_u64(out, (uint64_t)info.st_blocks);
  put_time(out, &info.st_atim);
  put_time(out, &info.st_mtim);
  put_time(out, &info.st_ctim);
  put_time(out, &never); /* birth, generation and data version are not in ATTR_BASIC */
  wire_put_u64(out, 0);
  wire_put_u64(out, 0);
  return 0;
}

int answer_statfs(struct ninep *server, struct wire_in *in, struct wire_out *out) {
  uint32_t number = wire_u32(in);
  struct statfs info;
  struct fid *fid;

  if (!wire_complete(in))
    return NINEP_BROKEN;
  fid = fid_file(&server->fids, number);
  if (fid == NULL)
    return EBADF;
  if (fstatfs(fid->path, &info) != 0)
    return errno;
  wire_put_u32(out, V9FS_MAGIC);
  wire_put_u32(out, (uint32_t)info.f_bsize);
  wire_put_u64(out, info.f_blocks);
  wire_put_u64(out, info.f_bfree);
  wire_put_u64(out, info.f_bavail);
  wire_put_u64(out, info.f_files);
  wire_put_u64(out, info.f_ffree);
  wire_put_u64(out, (uint32_t)info.f_fsid.__val[0] | (uint64_t)(uint32_t)info.f_fsid.__val[1] << 32);
  wire_put_u32(out, NINEP_NAME_MAX);
  return 0;
}
