// SPDX-License-Identifier: Apache-2.0
/* Restores a fid snapshot of another server: all of it or nothing. The file may be forged, so the server checks it
 * like a guest's requests. */
#include "shares/ninep/snapshot/restore.h"

#include "shares/ninep/drop.h"
#include "shares/ninep/files/path.h"
#include "shares/ninep/locks/lock.h"
#include "shares/ninep/snapshot/save.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int unstash_fail(const struct unstash *unstash, int error, const char *path, const char *why) {
  snprintf(unstash->text, unstash->size, "Cannot take up %.150s: %s", path, why);
  return error;
}

int unstash_malformed(const struct unstash *unstash) {
  return unstash_fail(unstash, EPROTO, "what was stashed", "it is malformed");
}

int unstash_take(const struct unstash *unstash, void *bytes, size_t n) {
  if (fread(bytes, 1, n, unstash->file) == n)
    return 0;
  return ferror(unstash->file) ? unstash_fail(unstash, EIO, "what was stashed", "it cannot be read")
                               : unstash_malformed(unstash);
}

static int take_head(struct unstash *unstash) {
  uint8_t record[STASH_HEAD];
  struct wire_in in = {.at = record, .left = sizeof record};
  struct ninep *server = unstash->server;
  uint32_t magic, version, msize;
  int error = unstash_take(unstash, record, sizeof record);

  if (error != 0)
    return error;
  magic = wire_u32(&in);
  version = wire_u32(&in);
  msize = wire_u32(&in);
  unstash->devices = wire_u32(&in);
  unstash->fids = wire_u32(&in);
  unstash->ranges = wire_u32(&in);
  if (magic != STASH_MAGIC)
    return unstash_malformed(unstash);
  if (version != STASH_VERSION)
    return unstash_fail(unstash, EPROTO, "what was stashed", "another version of thaw wrote it");
  /* without an agreed version there are no fids */
  if (msize == 0 ? unstash->fids > 0 : msize < NINEP_MSIZE_MIN || msize > server->msize_max)
    return unstash_malformed(unstash);
  if (unstash->devices < 1 || unstash->devices > QID_DEVICES_MAX || unstash->fids > NINEP_FIDS_MAX ||
      unstash->ranges > NINEP_LOCK_RANGES_MAX)
    return unstash_malformed(unstash);
  server->msize = msize;
  return 0;
}

static int take_devices(struct unstash *unstash) {
  unstash->claims = calloc(unstash->devices, sizeof *unstash->claims);
  if (unstash->claims == NULL)
    return unstash_fail(unstash, ENOMEM, "what was stashed", strerror(ENOMEM));
  for (uint32_t i = 0; i < unstash->devices; i++) {
    uint8_t record[STASH_DEVICE];
    struct wire_in in = {.at = record, .left = sizeof record};
    int error = unstash_take(unstash, record, sizeof record);

    if (error != 0)
      return error;
    unstash->claims[i].high = wire_u32(&in);
  }
  return 0;
}

static int set_lock(struct unstash *unstash, struct fid *fid, const struct lock_range *range) {
  char path[PATH_MAX] = "a file";
  struct stat info;
  int error = fstat(fid->io, &info) != 0 ? errno : 0;

  if (error == 0 && !S_ISREG(info.st_mode))
    return unstash_malformed(unstash);
  if (error == 0)
    error = lock_set(unstash->server, fid, &info, range);
  if (error == 0)
    return 0;
  path_text(unstash->server, fid->path, path);
  return unstash_fail(unstash, error, path,
                      error == EAGAIN || error == EACCES ? "somebody else has locked it" : strerror(error));
}

static int take_range(struct unstash *unstash) {
  uint8_t record[STASH_RANGE];
  struct wire_in in = {.at = record, .left = sizeof record};
  struct lock_range range;
  struct fid *fid;
  uint64_t start, end;
  uint8_t exclusive;
  int error = unstash_take(unstash, record, sizeof record);

  if (error != 0)
    return error;
  fid = fid_file(&unstash->server->fids, wire_u32(&in));
  range.owner = (struct lock_owner){fid, wire_u32(&in)};
  start = wire_u64(&in);
  end = wire_u64(&in);
  exclusive = wire_u8(&in);
  if (fid == NULL || fid->io < 0 || end > RANGE_END || start > end || exclusive > 1)
    return unstash_malformed(unstash);
  range.start = (int64_t)start;
  range.end = (int64_t)end;
  range.is_exclusive = exclusive == 1;
  return set_lock(unstash, fid, &range);
}

static int take_all(struct unstash *unstash) {
  int error = take_head(unstash);

  if (error == 0)
    error = take_devices(unstash);
  for (uint32_t i = 0; error == 0 && i < unstash->fids; i++)
    error = unstash_fid(unstash);
  for (uint32_t i = 0; error == 0 && i < unstash->ranges; i++)
    error = take_range(unstash);
  if (error == 0 && fgetc(unstash->file) != EOF)
    error = unstash_malformed(unstash);
  if (error == 0 && qid_restore(&unstash->server->qids, unstash->claims, unstash->devices) != 0)
    error = unstash_fail(unstash, ENOMEM, "what was stashed", strerror(ENOMEM));
  return error;
}

int ninep_unstash(struct ninep *server, int untrusted_fd, char *text, size_t size) {
  struct unstash unstash = {.server = server, .text = text, .size = size};
  int error, own;

  if (server->msize > 0)
    return unstash_fail(&unstash, EBUSY, "what was stashed", "the server has begun");
  own = fcntl(untrusted_fd, F_DUPFD_CLOEXEC, 0);
  unstash.file = own < 0 ? NULL : fdopen(own, "r");
  if (unstash.file == NULL) {
    error = unstash_fail(&unstash, errno, "what was stashed", strerror(errno));
    if (own >= 0)
      close(own);
    return error;
  }
  error = take_all(&unstash);
  if (error != 0) {
    fid_drop_all(server);
    server->msize = 0;
  }
  fclose(unstash.file);
  free(unstash.claims);
  return error;
}
