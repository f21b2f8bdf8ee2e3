// SPDX-License-Identifier: Apache-2.0
/* Opens files with the flags that a guest may use: Tlopen. */
#include "shares/ninep/files/open.h"

#include "shares/ninep/files/path.h"

#include <errno.h>
#include <fcntl.h>

int open_flags(uint32_t untrusted_flags, int *flags_out) {
  static const struct {
    uint32_t ninep;
    int host;
  } map[] = {{OPEN_TRUNC, O_TRUNC},         {OPEN_APPEND, O_APPEND},   {OPEN_DSYNC, O_DSYNC},
             {OPEN_DIRECTORY, O_DIRECTORY}, {OPEN_NOATIME, O_NOATIME}, {OPEN_SYNC, O_SYNC}};
  uint32_t known = OPEN_ACCESS | OPEN_CREATE | OPEN_EXCL | OPEN_IGNORED;
  uint32_t access = untrusted_flags & OPEN_ACCESS;
  int flags = access == 0 ? O_RDONLY : access == 1 ? O_WRONLY : O_RDWR;

  for (size_t i = 0; i < sizeof map / sizeof *map; i++) {
    known |= map[i].ninep;
    /* SYNC comes with or without DSYNC's bit: the host's O_SYNC has both */
    if ((untrusted_flags & map[i].ninep) != 0)
      flags |= map[i].host;
  }
  if (access == OPEN_ACCESS || (untrusted_flags & ~known) != 0)
    return EINVAL;
  *flags_out = flags;
  return 0;
}

uint32_t open_unit(const struct ninep *server) {
  return server->msize - NINEP_IO_HEADER;
}

int open_host(struct ninep *server, struct fid *fid, int flags) {
  int error = budget_take(&server->budget);

  if (error != 0)
    return error;
  error = path_reopen(server, fid->path, flags, &fid->io);
  if (error != 0)
    budget_give(&server->budget);
  fid->position = 0;
  return error;
}

/* Linux sends CREATE and EXCL for a file that it has just created with Tmknod: open_fid() ignores both. */
int open_fid(struct ninep *server, struct fid *fid, uint32_t untrusted_flags) {
  int flags, error = open_flags(untrusted_flags, &flags);

  if (error != 0)
    return error;
  return open_host(server, fid, flags);
}

int answer_lopen(struct ninep *server, struct wire_in *in, struct wire_out *out) {
  uint32_t number = wire_u32(in), untrusted_flags = wire_u32(in);
  struct fid *fid;
  struct qid qid;

  if (!wire_complete(in))
    return NINEP_BROKEN;
  fid = fid_file(&server->fids, number);
  if (fid == NULL)
    return EBADF;
  if (fid->io >= 0)
    return EINVAL;
  int error = path_stat(server, fid->path, NULL, &qid);

  if (error == 0)
    error = open_fid(server, fid, untrusted_flags);
  if (error != 0)
    return error;
  qid_put(out, &qid);
  wire_put_u32(out, open_unit(server));
  return 0;
}
