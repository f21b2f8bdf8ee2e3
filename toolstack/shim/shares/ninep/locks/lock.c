// SPDX-License-Identifier: Apache-2.0
/*
 * Enforces a guest's locks against other guests and the host: Tlock, Tgetlock. The guest's kernel arbitrates among
 * its own processes before it sends a request; flock arrives as a lock of the whole file.
 */
#include "shares/ninep/locks/lock.h"

#include "shares/ninep/files/path.h"
#include "shares/ninep/locks/lock_file.h"

#include <errno.h>
#include <fcntl.h>

enum { LOCK_SHARED = 0, LOCK_EXCLUSIVE = 1, LOCK_NONE = 2 };
enum { STATUS_SUCCESS = 0, STATUS_BLOCKED = 1 };
enum { FLAG_BLOCK = 1, FLAG_RECLAIM = 2 };

#define PROCESS_UNKNOWN 1u /* Linux shows it as -1, as for locks without a process */

/* length 0: to the end of the file, even if the file grows. */
static int check_range(uint64_t start, uint64_t length, struct lock_range *range) {
  if (start > RANGE_END || (length > 0 && length - 1 > RANGE_END - start))
    return EINVAL;
  range->start = (int64_t)start;
  range->end = length == 0 ? RANGE_END : (int64_t)(start + (length - 1));
  return 0;
}

/* Finds a fid with an open regular file. */
static int find(struct ninep *server, uint32_t number, struct fid **fid_out, struct stat *info) {
  struct fid *fid = fid_file(&server->fids, number);

  *fid_out = fid;
  if (fid == NULL || fid->io < 0)
    return EBADF;
  if (fstat(fid->io, info) != 0)
    return errno;
  return S_ISREG(info->st_mode) ? 0 : EINVAL;
}

int lock_set(struct ninep *server, struct fid *fid, const struct stat *info, const struct lock_range *range) {
  struct lock_file *file = lock_file_find(server, info);
  int error = file == NULL ? lock_file_add(server, fid, info, &file) : 0;

  if (error != 0)
    return error;
  error = lock_file_set(server, file, range);
  if (error == 0)
    fid->has_locks = true;
  if (file->ranges.count == 0)
    lock_file_drop(server, file);
  /* EBADF: an exclusive lock on a file that cannot be opened for writing */
  return error == EBADF ? ENOLCK : error;
}

static int clear(struct ninep *server, const struct stat *info, const struct lock_range *range) {
  struct lock_file *file = lock_file_find(server, info);
  int error = file == NULL ? 0 : lock_file_clear(server, file, range);

  if (file != NULL && file->ranges.count == 0)
    lock_file_drop(server, file);
  return error;
}

int answer_lock(struct ninep *server, struct wire_in *in, struct wire_out *out) {
  uint32_t number = wire_u32(in);
  uint8_t type = wire_u8(in);
  uint32_t flags = wire_u32(in);
  uint64_t start = wire_u64(in), length = wire_u64(in);
  struct lock_range range = {.owner.process = wire_u32(in), .is_exclusive = type == LOCK_EXCLUSIVE};
  struct stat info;
  struct fid *fid;

  wire_string(in); /* the guest's own name */
  if (!wire_complete(in))
    return NINEP_BROKEN;
  int error = find(server, number, &fid, &info);

  if (error == 0)
    error = check_range(start, length, &range);
  if (error == 0 && (type > LOCK_NONE || (flags & ~(uint32_t)(FLAG_BLOCK | FLAG_RECLAIM)) != 0))
    error = EINVAL;
  if (error != 0)
    return error;
  range.owner.fid = fid;
  lock_file_retry(server);
  /* a blocking request also gets its answer at once: Linux asks again */
  error = type == LOCK_NONE ? clear(server, &info, &range) : lock_set(server, fid, &info, &range);
  if (error != 0 && error != EAGAIN && error != EACCES)
    return error;
  wire_put_u8(out, error == 0 ? STATUS_SUCCESS : STATUS_BLOCKED);
  return 0;
}

/* Reports only locks of other guests and the host: the guest's kernel has checked its own. Linux 6.12 always asks
 * with LOCK_NONE, which stands for any lock. */
int answer_getlock(struct ninep *server, struct wire_in *in, struct wire_out *out) {
  uint32_t number = wire_u32(in);
  uint8_t type = wire_u8(in);
  uint64_t start = wire_u64(in), length = wire_u64(in);
  uint32_t process = wire_u32(in);
  struct wire_string name = wire_string(in);
  struct lock_range range;
  struct stat info;
  struct fid *fid;

  if (!wire_complete(in))
    return NINEP_BROKEN;
  int error = find(server, number, &fid, &info);

  if (error == 0)
    error = type > LOCK_NONE ? EINVAL : check_range(start, length, &range);
  if (error != 0)
    return error;

  struct lock_file *file = lock_file_find(server, &info);
  struct flock lock = {.l_type = type == LOCK_SHARED ? F_RDLCK : F_WRLCK,
                       .l_whence = SEEK_SET,
                       .l_start = range.start,
                       .l_len = range.end == RANGE_END ? 0 : range.end - range.start + 1};

  if (fcntl(file == NULL ? fid->io : file->fd, F_OFD_GETLK, &lock) != 0)
    return errno;
  if (lock.l_type == F_UNLCK) {
    wire_put_u8(out, LOCK_NONE);
    wire_put_u64(out, start);
    wire_put_u64(out, length);
    wire_put_u32(out, process);
    wire_put_string(out, name.bytes, name.length);
    return 0;
  }
  wire_put_u8(out, lock.l_type == F_RDLCK ? LOCK_SHARED : LOCK_EXCLUSIVE);
  wire_put_u64(out, (uint64_t)lock.l_start);
  wire_put_u64(out, (uint64_t)lock.l_len);
  wire_put_u32(out, PROCESS_UNKNOWN);
  wire_put_string(out, "", 0);
  return 0;
}

void lock_release(struct ninep *server, struct fid *fid) {
  for (struct lock_file *file = server->locks, *next; file != NULL; file = next) {
    struct ranges *ranges = &file->ranges;

    next = file->next;
    for (uint32_t i = 0; i < ranges->count;) {
      struct lock_range range = ranges->list[i];
      uint32_t before = ranges->count;

      if (range.owner.fid == fid)
        lock_file_clear(server, file, &range);
      /* the last range now has index i */
      if (ranges->count == before)
        i++;
    }
    if (ranges->count == 0)
      lock_file_drop(server, file);
  }
  fid->has_locks = false;
  lock_file_retry(server);
}
