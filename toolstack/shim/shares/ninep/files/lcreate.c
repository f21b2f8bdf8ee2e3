// SPDX-License-Identifier: Apache-2.0
/* Creates and opens a file in one message: Tlcreate. */
#include "shares/ninep/files/open.h"
#include "shares/ninep/files/owner.h"
#include "shares/ninep/files/path.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define TRIES_MAX 16

/* Creates the file and returns both its descriptors. EEXIST if it exists. */
static int create(struct ninep *server, const struct fid *folder, const struct name *name, int flags, uint32_t mode,
                  uint32_t gid, int *path_out, int *io_out) {
  int path, io, error = owner_begin(folder->uid, gid);

  if (error != 0)
    return error;
  io = openat(folder->path, name->text,
              (flags & ~O_TRUNC) | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
              mode & NINEP_MODE_BITS);
  error = io < 0 ? errno : 0;
  owner_end();
  if (error != 0)
    return error;
  path = openat(server->fds_fd, path_fd_name(io).text, O_PATH | O_CLOEXEC);
  if (path < 0) {
    error = errno;
    close(io);
    return error;
  }
  *path_out = path;
  *io_out = io;
  return 0;
}

/* Opens an existing file. Checks its type first: O_CREAT alone would open a device. */
static int open_there(struct ninep *server, const struct fid *folder, const struct name *name, int flags, int *path_out,
                      int *io_out) {
  struct stat info;
  int path, error = path_step(folder->path, name, &path);

  if (error != 0)
    return error;
  error = path_stat(server, path, &info, NULL);
  if (error == 0)
    error = S_ISDIR(info.st_mode) ? EISDIR : path_reopen(server, path, flags, io_out);
  if (error != 0)
    close(path);
  else
    *path_out = path;
  return error;
}

/* The folder's fid stands for the new file from now on. */
int answer_lcreate(struct ninep *server, struct wire_in *in, struct wire_out *out) {
  uint32_t number = wire_u32(in);
  struct wire_string untrusted_name = wire_string(in);
  uint32_t untrusted_flags = wire_u32(in), mode = wire_u32(in), gid = wire_u32(in);
  struct fid *fid;
  struct name name;
  struct qid qid;
  int flags = 0, path = -1, io = -1;

  if (!wire_complete(in))
    return NINEP_BROKEN;
  int error = path_parent(server, number, untrusted_name, &fid, &name);

  if (error == 0)
    error = open_flags(untrusted_flags, &flags);
  if (error == 0 && (fid->io >= 0 || (flags & O_DIRECTORY) != 0))
    error = EINVAL;
  if (error == 0)
    error = budget_take(&server->budget);
  if (error != 0)
    return error;
  /* other processes may create and remove the file meanwhile */
  for (int tries = 0; tries < TRIES_MAX; tries++) {
    error = create(server, fid, &name, flags, mode, gid, &path, &io);
    if (error != EEXIST || (untrusted_flags & OPEN_EXCL) != 0)
      break;
    error = open_there(server, fid, &name, flags, &path, &io);
    if (error != ENOENT)
      break;
  }
  if (error != 0) {
    budget_give(&server->budget);
    return error;
  }
  close(fid->path);
  fid->path = path;
  fid->io = io;
  error = path_stat(server, path, NULL, &qid);
  if (error != 0)
    return error;
  qid_put(out, &qid);
  wire_put_u32(out, open_unit(server));
  return 0;
}
