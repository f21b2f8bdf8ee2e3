// SPDX-License-Identifier: Apache-2.0
/* Lists a folder: Treaddir. Uses the host's positions in the protocol, so that reading can continue anywhere. */
#include "shares/ninep/state.h"

#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CHUNK 4096u
#define ENTRY_HEADER (QID_BYTES + 8u + 1u + 2u) /* qid, offset, type and the name's length */

/* For a name of n bytes the host's entry takes 20 + n, rounded up to 8, the guest's 24 + n. At worst 24 become 28. */
static size_t chunk_for(size_t room) {
  size_t n = room / 7 * 6;

  return n < CHUNK ? n : CHUNK;
}

static int put_entry(struct ninep *server, const struct stat *folder, const struct dirent64 *entry,
                     struct wire_out *out) {
  uint64_t inode = entry->d_ino;
  struct qid qid;

  /* the guest must not learn the inode above the root */
  if (folder->st_dev == server->root_dev && folder->st_ino == server->root_ino && strcmp(entry->d_name, "..") == 0)
    inode = folder->st_ino;
  int error = qid_of_entry(&server->qids, folder->st_dev, inode, entry->d_type, &qid);

  if (error != 0)
    return error;
  qid_put(out, &qid);
  wire_put_u64(out, (uint64_t)entry->d_off);
  wire_put_u8(out, entry->d_type);
  wire_put_string(out, entry->d_name, strlen(entry->d_name));
  return 0;
}

/* Writes as many entries as fit into room. */
static int put_entries(struct ninep *server, struct fid *fid, const struct stat *folder, size_t room,
                       struct wire_out *out) {
  uint8_t chunk[CHUNK] __attribute__((aligned(8)));
  size_t before = out->left;

  for (;;) {
    size_t used = before - out->left;
    ssize_t n = syscall(SYS_getdents64, fid->io, chunk, chunk_for(room - used));

    if (n < 0 && errno == EINTR)
      continue;
    /* EINVAL: the next one does not fit */
    if (n < 0)
      return errno == EINVAL && used > 0 ? 0 : errno;
    if (n == 0)
      return 0;
    for (ssize_t at = 0; at < n;) {
      const struct dirent64 *entry = (const void *)(chunk + at);
      int error = put_entry(server, folder, entry, out);

      if (error != 0)
        return error;
      fid->position = entry->d_off;
      at += entry->d_reclen;
    }
  }
}

int answer_readdir(struct ninep *server, struct wire_in *in, struct wire_out *out) {
  uint32_t number = wire_u32(in);
  uint64_t offset = wire_u64(in);
  uint32_t room = wire_u32(in);
  struct wire_out count = *out;
  struct stat info;

  if (!wire_complete(in))
    return NINEP_BROKEN;

  struct fid *fid = fid_file(&server->fids, number);

  if (fid == NULL || fid->io < 0)
    return EBADF;
  if (fstat(fid->io, &info) != 0)
    return errno;
  if (!S_ISDIR(info.st_mode))
    return ENOTDIR;
  if (offset > INT64_MAX)
    return EINVAL;
  if ((int64_t)offset != fid->position || offset == 0) {
    if (lseek(fid->io, (off_t)offset, SEEK_SET) < 0)
      return errno;
    fid->position = (int64_t)offset;
  }
  wire_put_u32(out, 0);
  if (room > out->left)
    room = (uint32_t)out->left;

  size_t before = out->left;
  int error = put_entries(server, fid, &info, room, out);

  if (error != 0) {
    fid->position = -1; /* unknown now: the next Treaddir seeks */
    return error;
  }
  wire_put_u32(&count, (uint32_t)(before - out->left));
  return 0;
}
