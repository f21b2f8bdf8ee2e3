// SPDX-License-Identifier: Apache-2.0
/* Restores one of the guest's fids: opens its file by the saved path. */
#include "shares/ninep/files/open.h"
#include "shares/ninep/files/path.h"
#include "shares/ninep/snapshot/restore.h"
#include "shares/ninep/snapshot/snapshot.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct saved_fid {
  uint32_t number, uid, device, mode, flags;
  uint64_t inode;
  int64_t position;
  char path[PATH_MAX];
};

/* True if the file was gone before the snapshot. */
static bool is_gone(const struct saved_fid *fid) {
  return fid->mode == 0;
}

static bool is_possible(const struct restoring *restoring, const struct saved_fid *fid) {
  bool is_open = fid->flags != SNAPSHOT_CLOSED;

  if (is_gone(fid))
    return !is_open && fid->path[0] == '\0' && (fid->device < restoring->devices || fid->device == SNAPSHOT_NO_DEVICE);
  if (fid->path[0] == '\0')
    return false;
  if (fid->device >= restoring->devices || fid->inode >> QID_INODE_BITS != restoring->claims[fid->device].high)
    return false;
  if (is_open && ((fid->flags & ~(uint32_t)SNAPSHOT_FLAGS) != 0 || (fid->flags & O_ACCMODE) == O_ACCMODE))
    return false;
  return (fid->mode & ~(uint32_t)S_IFMT) == 0 && fid->position >= -1;
}

static int read_fid(const struct restoring *restoring, struct saved_fid *fid) {
  uint8_t record[SNAPSHOT_FID];
  struct wire_in in = {.at = record, .left = sizeof record};
  uint16_t length;
  int error = restore_read(restoring, record, sizeof record);

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
    return restore_malformed(restoring);
  error = restore_read(restoring, fid->path, length);
  if (error != 0)
    return error;
  fid->path[length] = '\0';
  return strlen(fid->path) == length && is_possible(restoring, fid) ? 0 : restore_malformed(restoring);
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
static int find(const struct restoring *restoring, const struct saved_fid *saved, int *path_out, struct stat *info) {
  bool is_open = saved->flags != SNAPSHOT_CLOSED;
  int error = is_gone(saved) ? ENOENT : path_find(restoring->server, saved->path, path_out);

  if (error == 0 && fstat(*path_out, info) != 0) {
    error = errno;
    close(*path_out);
  } else if (error == 0 && (info->st_mode & S_IFMT) != saved->mode) {
    close(*path_out);
    if (is_open)
      return restore_fail(restoring, ESTALE, saved->path, "it is a file of another kind");
    error = ENOENT;
  }
  if (error == 0)
    return 0;
  *path_out = -1;
  return !is_open && (error == ENOENT || error == ENOTDIR)
             ? 0
             : restore_fail(restoring, error, saved->path, strerror(error));
}

int restore_fid(struct restoring *restoring) {
  struct ninep *server = restoring->server;
  struct saved_fid saved;
  struct stat info;
  struct fid *fid;
  int path, error = read_fid(restoring, &saved);

  if (error == 0)
    error = find(restoring, &saved, &path, &info);
  if (error != 0)
    return error;
  error = fid_new(&server->fids, saved.number, saved.uid, path, &fid);
  if (error == EBADF)
    return restore_malformed(restoring);
  if (error == 0 && path < 0) {
    /* its number could become another file's */
    if (saved.device != SNAPSHOT_NO_DEVICE)
      restoring->claims[saved.device].is_void = true;
    return 0;
  }
  if (error == 0 && saved.flags != SNAPSHOT_CLOSED) {
    error = open_host(server, fid, (int)saved.flags);
    if (error == 0 && S_ISDIR(info.st_mode))
      error = seek(fid, saved.position);
  }
  if (error != 0)
    return restore_fail(restoring, error, saved.path, strerror(error));
  qid_claim(&restoring->claims[saved.device], saved.inode, &info);
  return 0;
}
