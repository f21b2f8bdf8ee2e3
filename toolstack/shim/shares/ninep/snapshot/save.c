// SPDX-License-Identifier: Apache-2.0
/* Saves a guest's open files in a fid snapshot, for a server that replaces this one. */
#include "shares/ninep/snapshot/snapshot.h"

#include "shares/ninep/files/path.h"
#include "shares/ninep/locks/lock_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct saving {
  struct ninep *server;
  FILE *file;
  int write_error; /* errno of the first failed write */
  char *text;
  size_t size;
};

static int fail(const struct saving *saving, int error, const char *path, const char *why) {
  snprintf(saving->text, saving->size, "Cannot save %.150s: %s", path, why);
  return error;
}

static void put(struct saving *saving, const void *bytes, size_t n) {
  if (saving->write_error == 0 && fwrite(bytes, 1, n, saving->file) < n)
    saving->write_error = errno;
}

/* Cuts the suffix that the host adds to the path of a deleted file. */
static void cut_deleted(char *path) {
  static const char deleted[] = " (deleted)";
  size_t n = strlen(path), tail = sizeof deleted - 1;

  if (n > tail && strcmp(path + n - tail, deleted) == 0)
    path[n - tail] = '\0';
}

/* Checks that opening `path` later gives the guest's file. */
static int check_there(const struct saving *saving, const struct stat *info, char *path) {
  struct stat found;
  int fd, error = info->st_nlink == 0 ? ENOENT : path_find(saving->server, path, &fd);

  if (error == ENOENT) {
    cut_deleted(path);
    return fail(saving, error, path, "it is open, and has been deleted");
  }
  if (error != 0)
    return fail(saving, error, path, strerror(error));
  error = fstat(fd, &found) != 0 ? errno : 0;
  close(fd);
  if (error != 0)
    return fail(saving, error, path, strerror(error));
  if (found.st_dev != info->st_dev || found.st_ino != info->st_ino)
    return fail(saving, ESTALE, path, "it is open, and another file has its name");
  return 0;
}

/* Sets path to "" for a missing file that is not open: the guest's kernel remembers only its name. */
static int find_path(const struct saving *saving, const struct fid *fid, const struct stat *info, char path[PATH_MAX]) {
  int error = path_text(saving->server, fid->path, path);

  if (error != 0) {
    strcpy(path, "a file");
    fail(saving, error, path, error == EXDEV ? "it is open, and no longer in the tree" : strerror(error));
  } else
    error = check_there(saving, info, path);
  if (fid->io >= 0 || (error != ENOENT && error != ESTALE && error != EXDEV))
    return error;
  path[0] = '\0';
  return 0;
}

static int put_fid(struct saving *saving, const struct fid *fid) {
  uint8_t record[SNAPSHOT_FID];
  struct wire_out out = {.at = record, .left = sizeof record};
  uint32_t flags = SNAPSHOT_CLOSED, device = SNAPSHOT_NO_DEVICE;
  struct stat info = {0};
  char path[PATH_MAX] = "";
  struct qid qid;
  int error = 0;

  if (fid->xattr != NULL) {
    if (fid->path < 0 || path_text(saving->server, fid->path, path) != 0)
      strcpy(path, "a file");
    return fail(saving, EBUSY, path, "one of its extended attributes is read or written");
  }
  if (fid->path >= 0) {
    error = path_stat(saving->server, fid->path, &info, &qid);
    if (error != 0)
      return fail(saving, error, "a file", strerror(error));
    device = (uint32_t)(qid.path >> QID_INODE_BITS);
    error = find_path(saving, fid, &info, path);
  }
  if (error != 0)
    return error;
  if (fid->io >= 0) {
    int open_with = fcntl(fid->io, F_GETFL);

    if (open_with < 0)
      return fail(saving, errno, path, strerror(errno));
    flags = (uint32_t)open_with & SNAPSHOT_FLAGS;
  }
  wire_put_u32(&out, fid->number);
  wire_put_u32(&out, fid->uid);
  wire_put_u32(&out, device);
  wire_put_u32(&out, path[0] != '\0' ? info.st_mode & S_IFMT : 0);
  wire_put_u64(&out, info.st_ino);
  wire_put_u32(&out, flags);
  wire_put_u64(&out, (uint64_t)fid->position);
  wire_put_u16(&out, (uint16_t)strlen(path));
  put(saving, record, sizeof record);
  put(saving, path, strlen(path));
  return 0;
}

static void put_range(struct saving *saving, const struct lock_range *range) {
  uint8_t record[SNAPSHOT_RANGE];
  struct wire_out out = {.at = record, .left = sizeof record};

  wire_put_u32(&out, ((const struct fid *)range->owner.fid)->number);
  wire_put_u32(&out, range->owner.process);
  wire_put_u64(&out, (uint64_t)range->start);
  wire_put_u64(&out, (uint64_t)range->end);
  wire_put_u8(&out, range->is_exclusive);
  put(saving, record, sizeof record);
}

static void put_head(struct saving *saving) {
  const struct ninep *server = saving->server;
  uint8_t record[SNAPSHOT_HEAD];
  struct wire_out out = {.at = record, .left = sizeof record};

  wire_put_u32(&out, SNAPSHOT_MAGIC);
  wire_put_u32(&out, SNAPSHOT_VERSION);
  wire_put_u32(&out, server->msize);
  wire_put_u32(&out, server->qids.count);
  wire_put_u32(&out, server->fids.count);
  wire_put_u32(&out, server->lock_ranges);
  put(saving, record, sizeof record);
  for (uint32_t i = 0; i < server->qids.count; i++) {
    out = (struct wire_out){.at = record, .left = SNAPSHOT_DEVICE};
    wire_put_u32(&out, server->qids.devices[i].high);
    put(saving, record, SNAPSHOT_DEVICE);
  }
}

/* Enters every fid's device into the table before the table is written. */
static int number_all(const struct saving *saving) {
  struct qid qid;
  int error = 0;

  for (struct fid *fid = NULL; error == 0 && (fid = fid_next(&saving->server->fids, fid)) != NULL;)
    if (fid->path >= 0)
      error = path_stat(saving->server, fid->path, NULL, &qid);
  return error == 0 ? 0 : fail(saving, error, "the open files", strerror(error));
}

int ninep_save_fids(struct ninep *server, int fd, char *text, size_t size) {
  struct saving saving = {.server = server, .text = text, .size = size};
  int error, own = fcntl(fd, F_DUPFD_CLOEXEC, 0);

  saving.file = own < 0 ? NULL : fdopen(own, "w");
  if (saving.file == NULL) {
    error = fail(&saving, errno, "the open files", strerror(errno));
    if (own >= 0)
      close(own);
    return error;
  }
  error = number_all(&saving);
  if (error == 0)
    put_head(&saving);
  for (struct fid *fid = NULL; error == 0 && (fid = fid_next(&server->fids, fid)) != NULL;)
    error = put_fid(&saving, fid);
  for (const struct lock_file *file = server->locks; error == 0 && file != NULL; file = file->next)
    for (uint32_t i = 0; i < file->ranges.count; i++)
      put_range(&saving, &file->ranges.list[i]);
  if (fclose(saving.file) != 0 && saving.write_error == 0)
    saving.write_error = errno;
  if (error == 0 && saving.write_error != 0)
    error = fail(&saving, saving.write_error, "the open files", strerror(saving.write_error));
  return error;
}
