// SPDX-License-Identifier: Apache-2.0
/* Restores a fid snapshot of another server: all of it or nothing. The file may be forged, so the server checks it
 * like a guest's requests. */
#include "shares/ninep/snapshot/restore.h"

#include "shares/ninep/drop.h"
#include "shares/ninep/files/path.h"
#include "shares/ninep/locks/lock.h"
#include "shares/ninep/snapshot/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int restore_fail(const struct restoring *restoring, int error, const char *path, const char *why) {
  snprintf(restoring->text, restoring->size, "Cannot restore %.150s: %s", path, why);
  return error;
}

int restore_malformed(const struct restoring *restoring) {
  return restore_fail(restoring, EPROTO, "the fid snapshot", "it is malformed");
}

int restore_read(const struct restoring *restoring, void *bytes, size_t n) {
  if (fread(bytes, 1, n, restoring->file) == n)
    return 0;
  return ferror(restoring->file) ? restore_fail(restoring, EIO, "the fid snapshot", "it cannot be read")
                                 : restore_malformed(restoring);
}

static int read_head(struct restoring *restoring) {
  uint8_t record[SNAPSHOT_HEAD];
  struct wire_in in = {.at = record, .left = sizeof record};
  struct ninep *server = restoring->server;
  uint32_t magic, version, msize;
  int error = restore_read(restoring, record, sizeof record);

  if (error != 0)
    return error;
  magic = wire_u32(&in);
  version = wire_u32(&in);
  msize = wire_u32(&in);
  restoring->devices = wire_u32(&in);
  restoring->fids = wire_u32(&in);
  restoring->ranges = wire_u32(&in);
  if (magic != SNAPSHOT_MAGIC)
    return restore_malformed(restoring);
  if (version != SNAPSHOT_VERSION)
    return restore_fail(restoring, EPROTO, "the fid snapshot", "another version of thaw wrote it");
  /* without an agreed version there are no fids */
  if (msize == 0 ? restoring->fids > 0 : msize < NINEP_MSIZE_MIN || msize > server->msize_max)
    return restore_malformed(restoring);
  if (restoring->devices < 1 || restoring->devices > QID_DEVICES_MAX || restoring->ranges > NINEP_LOCK_RANGES_MAX)
    return restore_malformed(restoring);
  if (restoring->fids > NINEP_FIDS_MAX)
    return restore_fail(restoring, ENFILE, "the fid snapshot", "it has more files than a server may have");
  server->msize = msize;
  return 0;
}

static int read_devices(struct restoring *restoring) {
  restoring->claims = calloc(restoring->devices, sizeof *restoring->claims);
  if (restoring->claims == NULL)
    return restore_fail(restoring, ENOMEM, "the fid snapshot", strerror(ENOMEM));
  for (uint32_t i = 0; i < restoring->devices; i++) {
    uint8_t record[SNAPSHOT_DEVICE];
    struct wire_in in = {.at = record, .left = sizeof record};
    int error = restore_read(restoring, record, sizeof record);

    if (error != 0)
      return error;
    restoring->claims[i].high = wire_u32(&in);
  }
  return 0;
}

static int set_lock(struct restoring *restoring, struct fid *fid, const struct lock_range *range) {
  char path[PATH_MAX] = "a file";
  struct stat info;
  int error = fstat(fid->io, &info) != 0 ? errno : 0;

  if (error == 0 && !S_ISREG(info.st_mode))
    return restore_malformed(restoring);
  if (error == 0)
    error = lock_set(restoring->server, fid, &info, range);
  if (error == 0)
    return 0;
  path_text(restoring->server, fid->path, path);
  return restore_fail(restoring, error, path,
                      error == EAGAIN || error == EACCES ? "another guest or the host has locked it" : strerror(error));
}

static int read_range(struct restoring *restoring) {
  uint8_t record[SNAPSHOT_RANGE];
  struct wire_in in = {.at = record, .left = sizeof record};
  struct lock_range range;
  struct fid *fid;
  uint64_t start, end;
  uint8_t exclusive;
  int error = restore_read(restoring, record, sizeof record);

  if (error != 0)
    return error;
  fid = fid_file(&restoring->server->fids, wire_u32(&in));
  range.owner = (struct lock_owner){fid, wire_u32(&in)};
  start = wire_u64(&in);
  end = wire_u64(&in);
  exclusive = wire_u8(&in);
  if (fid == NULL || fid->io < 0 || end > RANGE_END || start > end || exclusive > 1)
    return restore_malformed(restoring);
  range.start = (int64_t)start;
  range.end = (int64_t)end;
  range.is_exclusive = exclusive == 1;
  return set_lock(restoring, fid, &range);
}

static int read_all(struct restoring *restoring) {
  int error = read_head(restoring);

  if (error == 0)
    error = read_devices(restoring);
  for (uint32_t i = 0; error == 0 && i < restoring->fids; i++)
    error = restore_fid(restoring);
  for (uint32_t i = 0; error == 0 && i < restoring->ranges; i++)
    error = read_range(restoring);
  if (error == 0 && fgetc(restoring->file) != EOF)
    error = restore_malformed(restoring);
  if (error == 0 && qid_restore(&restoring->server->qids, restoring->claims, restoring->devices) != 0)
    error = restore_fail(restoring, ENOMEM, "the fid snapshot", strerror(ENOMEM));
  return error;
}

int ninep_restore_fids(struct ninep *server, int untrusted_fd, char *text, size_t size) {
  struct restoring restoring = {.server = server, .text = text, .size = size};
  int error, own;

  if (server->msize > 0)
    return restore_fail(&restoring, EBUSY, "the fid snapshot", "the server has begun");
  own = fcntl(untrusted_fd, F_DUPFD_CLOEXEC, 0);
  restoring.file = own < 0 ? NULL : fdopen(own, "r");
  if (restoring.file == NULL) {
    error = restore_fail(&restoring, errno, "the fid snapshot", strerror(errno));
    if (own >= 0)
      close(own);
    return error;
  }
  error = read_all(&restoring);
  if (error != 0) {
    fid_drop_all(server);
    server->msize = 0;
  }
  fclose(restoring.file);
  free(restoring.claims);
  return error;
}
