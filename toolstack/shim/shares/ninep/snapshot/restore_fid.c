// SPDX-License-Identifier: Apache-2.0
/* Restores one of the guest's fids: opens its file by the saved path. */
#include "shares/ninep/files/path.h"
#include "shares/ninep/snapshot/restore.h"
#include "shares/ninep/snapshot/save.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct stashed_fid {
  uint32_t number, uid, device, mode, flags;
  uint64_t inode;
  int64_t position;
  char path[PATH_MAX];
};

/* True if the file was gone before the snapshot. */
static bool is_gone(const struct stashed_fid *fid) {
  return fid->mode == 0;
}

static bool is_possible(const struct unstash *unstash, const struct stashed_fid *fid) {
  bool is_open = fid->flags != STASH_CLOSED;

  if (is_gone(fid))
    return !is_open && fid->path[0] == '\0' && (fid->device < unstash->devices || fid->device == STASH_NO_DEVICE);
  if (fid->path[0] == '\0')
    return false;
  if (fid->device >= unstash->devices || fid->inode >> QID_INODE_BITS != unstash->claims[fid->device].high)
    return false;
  if (is_open && ((fid->flags & ~(uint32_t)STASH_FLAGS) != 0 || (fid->flags & O_ACCMODE) == O_ACCMODE))
    return false;
  return (fid->mode & ~(uint32_t)S_IFMT) == 0 && fid->position >= -1;
}

static int take(const struct unstash *unstash, struct stashed_fid *fid) {
  uint8_t record[STASH_FID];
  struct wire_in in = {.at = record, .left = sizeof record};
  uint16_t length;
  int error = unstash_take(unstash, record, sizeof record);

  if (error != 0)
    return error;
  fid->number = wire_u32(&in);
  fid->uid = wire_u32(&in);
  fid->device = wire_u32(&in);
  fid->mode = wire_u32(&in);
  fid->inode = wire_u64(&in);
  fid->flags = wire_u32(&in);
  fid->position = (int64_t)wire_u64(&in);
  length = wire_u16(&in);
  if (length >= sizeof fid->path)
    return unstash_malformed(unstash);
  error = unstash_take(unstash, fid->path, length);
  if (error != 0)
    return error;
  fid->path[length] = '\0';
  return strlen(fid->path) == length && is_possible(unstash, fid) ? 0 : unstash_malformed(unstash);
}

/* -1: the position is unknown, and the next Treaddir seeks. */
static int seek(struct fid *fid, int64_t position) {
  if (position > 0 && lseek(fid->io, (off_t)position, SEEK_SET) < 0)
    return errno;
  fid->position = position;
  return 0;
}

/* Returns 0 with a file's descriptor and fstat data, or with descriptor -1 if a file that was not open is missing.
 * Else returns an errno, with its message written. */
static int find(const struct unstash *unstash, const struct stashed_fid *stashed, int *path_out, struct stat *info) {
  bool is_open = stashed->flags != STASH_CLOSED;
  int error = is_gone(stashed) ? ENOENT : path_find(unstash->server, stashed->path, path_out);

  if (error == 0 && fstat(*path_out, info) != 0) {
    error = errno;
    close(*path_out);
  } else if (error == 0 && (info->st_mode & S_IFMT) != stashed->mode) {
    close(*path_out);
    if (is_open)
      return unstash_fail(unstash, ESTALE, stashed->path, "it is a file of another kind");
    error = ENOENT;
  }
  if (error == 0)
    return 0;
  *path_out = -1;
  return !is_open && (error == ENOENT || error == ENOTDIR)
             ? 0
             : unstash_fail(unstash, error, stashed->path, strerror(error));
}

int unstash_fid(struct unstash *unstash) {
  struct ninep *server = unstash->server;
  struct stashed_fid stashed;
  struct stat info;
  struct fid *fid;
  int path, error = take(unstash, &stashed);

  if (error == 0)
    error = find(unstash, &stashed, &path, &info);
  if (error != 0)
    return error;
  error = fid_new(&server->fids, stashed.number, stashed.uid, path, &fid);
  if (error == EBADF)
    return unstash_malformed(unstash);
  if (error == 0 && path < 0) {
    /* its number could become another file's */
    if (stashed.device != STASH_NO_DEVICE)
      unstash->claims[stashed.device].is_void = true;
    return 0;
  }
  if (error == 0 && stashed.flags != STASH_CLOSED) {
    error = path_reopen(server, fid->path, (int)stashed.flags, &fid->io);
    if (error == 0 && S_ISDIR(info.st_mode))
      error = seek(fid, stashed.position);
  }
  if (error != 0)
    return unstash_fail(unstash, error, stashed.path, strerror(error));
  qid_claim(&unstash->claims[stashed.device], stashed.inode, &info);
  return 0;
}
