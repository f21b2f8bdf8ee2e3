// SPDX-License-Identifier: Apache-2.0
/* Changes owner, mode, size and times, in this order: Tsetattr. The owner comes first: a change clears mode bits. */
#include "shares/ninep/files/path.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum set {
  SET_MODE = 1 << 0,
  SET_UID = 1 << 1,
  SET_GID = 1 << 2,
  SET_SIZE = 1 << 3,
  SET_ATIME = 1 << 4, /* to now, unless ATIME_SET is set too */
  SET_MTIME = 1 << 5,
  SET_CTIME = 1 << 6, /* the host's kernel sets it */
  SET_ATIME_SET = 1 << 7,
  SET_MTIME_SET = 1 << 8,
  SET_ALL = (1 << 9) - 1,
};

struct change {
  uint32_t valid, mode, uid, gid;
  uint64_t size, atime, atime_nsec, mtime, mtime_nsec;
};

static int set_owner(const struct fid *fid, const struct change *change) {
  uid_t uid = (change->valid & SET_UID) != 0 ? change->uid : (uid_t)-1;
  gid_t gid = (change->valid & SET_GID) != 0 ? change->gid : (gid_t)-1;

  return fchownat(fid->path, "", uid, gid, AT_EMPTY_PATH) != 0 ? errno : 0;
}

/* Uses the fid's open descriptor if possible: the file may have no name any more. */
static int set_size(struct ninep *server, const struct fid *fid, uint64_t size) {
  int io = -1, error;

  if (size > INT64_MAX)
    return EFBIG;
  if (fid->io >= 0 && (fcntl(fid->io, F_GETFL) & O_ACCMODE) != O_RDONLY)
    return ftruncate(fid->io, (off_t)size) != 0 ? errno : 0;
  error = path_reopen(server, fid->path, O_WRONLY, &io);
  if (error != 0)
    return error;
  error = ftruncate(io, (off_t)size) != 0 ? errno : 0;
  close(io);
  return error;
}

static struct timespec time_of(uint32_t valid, uint32_t any, uint32_t given, uint64_t seconds, uint64_t nsec) {
  if ((valid & given) != 0)
    return (struct timespec){(time_t)seconds, (long)nsec};
  return (struct timespec){.tv_nsec = (valid & any) != 0 ? UTIME_NOW : UTIME_OMIT};
}

static int set_times(struct ninep *server, const struct fid *fid, const struct change *change) {
  struct timespec times[2] = {
      time_of(change->valid, SET_ATIME, SET_ATIME_SET, change->atime, change->atime_nsec),
      time_of(change->valid, SET_MTIME, SET_MTIME_SET, change->mtime, change->mtime_nsec),
  };

  return utimensat(server->fds_fd, path_fd_name(fid->path).text, times, 0) != 0 ? errno : 0;
}

static int set_all(struct ninep *server, const struct fid *fid, const struct change *change) {
  int error = 0;

  if ((change->valid & (SET_UID | SET_GID)) != 0)
    error = set_owner(fid, change);
  if (error == 0 && (change->valid & SET_MODE) != 0 &&
      fchmodat(server->fds_fd, path_fd_name(fid->path).text, change->mode & NINEP_MODE_BITS, 0) != 0)
    error = errno;
  if (error == 0 && (change->valid & SET_SIZE) != 0)
    error = set_size(server, fid, change->size);
  if (error == 0 && (change->valid & (SET_ATIME | SET_MTIME | SET_ATIME_SET | SET_MTIME_SET)) != 0)
    error = set_times(server, fid, change);
  return error;
}

int answer_setattr(struct ninep *server, struct wire_in *in, struct wire_out *out) {
  uint32_t number = wire_u32(in);
  struct change change = {.valid = wire_u32(in)};

  (void)out;
  change.mode = wire_u32(in);
  change.uid = wire_u32(in);
  change.gid = wire_u32(in);
  change.size = wire_u64(in);
  change.atime = wire_u64(in);
  change.atime_nsec = wire_u64(in);
  change.mtime = wire_u64(in);
  change.mtime_nsec = wire_u64(in);
  if (!wire_complete(in))
    return NINEP_BROKEN;

  const struct fid *fid = fid_file(&server->fids, number);

  if (fid == NULL)
    return EBADF;
  /* UTIME_NOW and UTIME_OMIT lie above this limit */
  if ((change.valid & ~(uint32_t)SET_ALL) != 0 ||
      ((change.valid & SET_ATIME_SET) != 0 && change.atime_nsec > 999999999) ||
      ((change.valid & SET_MTIME_SET) != 0 && change.mtime_nsec > 999999999))
    return EINVAL;
  return set_all(server, fid, &change);
}
