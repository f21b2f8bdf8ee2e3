// SPDX-License-Identifier: Apache-2.0
/*
 * Sets a guest's locks at the host. Locks of an open file description (F_OFD_SETLK) conflict between guests, and
 * between a guest and the host. So all locks of one guest on a file share one description. At each byte it holds the
 * strongest of them.
 */
#include "shares/ninep/locks/lock_file.h"

#include "shares/ninep/files/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct lock_file *lock_file_find(struct ninep *server, const struct stat *info) {
  struct lock_file *file = server->locks;

  while (file != NULL && (file->dev != info->st_dev || file->ino != info->st_ino))
    file = file->next;
  return file;
}

int lock_file_add(struct ninep *server, const struct fid *fid, const struct stat *info, struct lock_file **file_out) {
  struct lock_file *file = NULL;
  int fd = -1, error = budget_take(&server->budget);

  if (error != 0)
    return error;
  error = path_reopen(server, fid->path, O_RDWR, &fd);
  /* a file that cannot be opened for writing can still be locked for reading */
  if (error == EROFS || error == EACCES || error == EPERM || error == ETXTBSY)
    error = path_reopen(server, fid->path, O_RDONLY, &fd);
  if (error != 0)
    goto out;
  file = calloc(1, sizeof *file);
  if (file == NULL) {
    error = ENOMEM;
    goto out;
  }
  *file = (struct lock_file){.next = server->locks, .dev = info->st_dev, .ino = info->st_ino, .fd = fd};
  server->locks = *file_out = file;
out:
  if (error != 0) {
    budget_give(&server->budget);
    if (fd >= 0)
      close(fd);
  }
  return error;
}

void lock_file_drop(struct ninep *server, struct lock_file *file) {
  struct lock_file **link = &server->locks;

  while (*link != file)
    link = &(*link)->next;
  *link = file->next;
  server->lock_ranges -= file->ranges.count;
  close(file->fd);
  budget_give(&server->budget);
  free(file->ranges.list);
  free(file);
}

static int host_lock(const struct lock_file *file, int64_t start, int64_t end, short type) {
  struct flock lock = {
      .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = end == RANGE_END ? 0 : end - start + 1};

  return fcntl(file->fd, F_OFD_SETLK, &lock) != 0 ? errno : 0;
}

static int prepare(const struct ninep *server, struct lock_file *file, const struct lock_range *range, bool is_set) {
  uint32_t more = ranges_prepare(&file->ranges, range, is_set);

  if (more == UINT32_MAX)
    return ENOMEM;
  return more > NINEP_LOCK_RANGES_MAX - server->lock_ranges ? ENOLCK : 0;
}

int lock_file_set(struct ninep *server, struct lock_file *file, const struct lock_range *range) {
  uint32_t before = file->ranges.count;
  int error = prepare(server, file, range, true);

  if (error == 0)
    error = host_lock(file, range->start, range->end, range->is_exclusive ? F_WRLCK : F_RDLCK);
  if (error != 0)
    return error;
  ranges_set(&file->ranges, range);
  server->lock_ranges += file->ranges.count - before;
  return 0;
}

/* Unlocks at the host the bytes of start..end that no owner holds. A host that fails to unlock keeps the lock: without
 * another attempt it would stay as long as the file has a lock of any owner. */
static int unlock_gaps(struct ninep *server, struct lock_file *file, int64_t start, int64_t end) {
  int64_t from, to;
  int error = 0;

  while (ranges_gap(&file->ranges, start, end, &from, &to)) {
    int failure = host_lock(file, from, to, F_UNLCK);

    if (failure != 0) {
      error = failure;
      file->is_stale = server->has_stale_locks = true;
    }
    if (to == end)
      break;
    start = to + 1;
  }
  return error;
}

int lock_file_clear(struct ninep *server, struct lock_file *file, const struct lock_range *range) {
  uint32_t before = file->ranges.count;
  int error = prepare(server, file, range, false);

  if (error != 0)
    return error;
  ranges_clear(&file->ranges, range);
  server->lock_ranges += file->ranges.count - before;
  return unlock_gaps(server, file, range->start, range->end);
}

void lock_file_retry(struct ninep *server) {
  if (!server->has_stale_locks)
    return;
  server->has_stale_locks = false;
  for (struct lock_file *file = server->locks; file != NULL; file = file->next) {
    if (!file->is_stale)
      continue;
    file->is_stale = false;
    unlock_gaps(server, file, 0, RANGE_END);
  }
}
