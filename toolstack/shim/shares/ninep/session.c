// SPDX-License-Identifier: Apache-2.0
/* Begins a connection and ends fids: Tversion, Tattach, Tflush, Tclunk, Tremove. */
#include "shares/ninep/drop.h"
#include "shares/ninep/files/path.h"
#include "shares/ninep/ninep.h"
#include "shares/ninep/xattrs/xattr.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static const char VERSION[] = "9P2000.L";

/* May also come within a connection: drops every fid. */
int answer_version(struct ninep *server, struct wire_in *in, struct wire_out *out) {
  uint32_t msize = wire_u32(in);
  struct wire_string version = wire_string(in);

  if (!wire_complete(in))
    return NINEP_BROKEN;
  fid_drop_all(server);
  server->msize = 0;
  if (msize < NINEP_MSIZE_MIN)
    return EINVAL;
  if (msize > server->msize_max)
    msize = server->msize_max;
  wire_put_u32(out, msize);
  if (version.length != strlen(VERSION) || memcmp(version.bytes, VERSION, strlen(VERSION)) != 0) {
    wire_put_string(out, "unknown", strlen("unknown"));
    return 0;
  }
  server->msize = msize;
  wire_put_string(out, VERSION, strlen(VERSION));
  return 0;
}

/* Comes once for each active user of the guest. The first one, at mount time, has no user (UINT32_MAX). */
int answer_attach(struct ninep *server, struct wire_in *in, struct wire_out *out) {
  uint32_t number = wire_u32(in), auth_number = wire_u32(in);

  wire_string(in); /* the user's name: only n_uname counts */

  struct wire_string untrusted_tree = wire_string(in);
  uint32_t uid = wire_u32(in);
  struct fid *fid;
  struct qid qid;

  if (!wire_complete(in))
    return NINEP_BROKEN;
  if (auth_number != NINEP_NO_FID)
    return EINVAL;
  /* the server has only one tree */
  if (untrusted_tree.length > 1 || (untrusted_tree.length == 1 && untrusted_tree.bytes[0] != '/'))
    return ENOENT;
  int error = path_stat(server, server->root_fd, NULL, &qid);

  if (error != 0)
    return error;
  int path = fcntl(server->root_fd, F_DUPFD_CLOEXEC, 0);

  if (path < 0)
    return errno;
  error = fid_new(&server->fids, number, uid, path, &fid);
  if (error == 0)
    qid_put(out, &qid);
  return error;
}

/* The server answers each request before it reads the next one, so the flushed one already has its answer. */
int answer_flush(struct ninep *server, struct wire_in *in, struct wire_out *out) {
  (void)server;
  (void)out;
  wire_u16(in);
  return wire_complete(in) ? 0 : NINEP_BROKEN;
}

int answer_clunk(struct ninep *server, struct wire_in *in, struct wire_out *out) {
  uint32_t number = wire_u32(in);
  struct fid *fid;

  (void)out;
  if (!wire_complete(in))
    return NINEP_BROKEN;
  fid = fid_find(&server->fids, number);
  if (fid == NULL)
    return EBADF;
  int error = xattr_finish(fid);

  fid_drop(server, fid);
  return error;
}

/* Cannot remove: Tremove needs the file's name, which a fid lacks. Linux uses Tunlinkat. */
int answer_remove(struct ninep *server, struct wire_in *in, struct wire_out *out) {
  int error = answer_clunk(server, in, out);

  return error == 0 ? EOPNOTSUPP : error;
}
