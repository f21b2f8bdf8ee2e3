// SPDX-License-Identifier: Apache-2.0
/* Changes names and reads symlinks: Tlink, Trename, Trenameat, Tunlinkat, Treadlink. */
#include "shares/ninep/files/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define REMOVE_DIR 0x200u

int answer_link(struct ninep *server, struct wire_in *in, struct wire_out *out) {
  uint32_t folder_number = wire_u32(in), number = wire_u32(in);
  struct wire_string untrusted_name = wire_string(in);
  struct name name;

  (void)out;
  if (!wire_complete(in))
    return NINEP_BROKEN;

  struct fid *folder = fid_file(&server->fids, folder_number), *fid = fid_file(&server->fids, number);
  int error = folder == NULL || fid == NULL ? EBADF : path_name(untrusted_name, &name);

  if (error != 0)
    return error;
  /* links a symlink itself: linkat follows only the name in fds_fd, not the symlink behind it */
  return linkat(server->fds_fd, path_fd_name(fid->path).text, folder->path, name.text, AT_SYMLINK_FOLLOW) != 0 ? errno
                                                                                                               : 0;
}

/* Not supported: Trename needs the file's name, which a fid lacks. Linux uses Trenameat. */
int answer_rename(struct ninep *server, struct wire_in *in, struct wire_out *out) {
  uint32_t number = wire_u32(in), folder_number = wire_u32(in);

  (void)out;
  wire_string(in);
  if (!wire_complete(in))
    return NINEP_BROKEN;
  return fid_file(&server->fids, number) == NULL || fid_file(&server->fids, folder_number) == NULL ? EBADF : EOPNOTSUPP;
}

int answer_renameat(struct ninep *server, struct wire_in *in, struct wire_out *out) {
  uint32_t from_number = wire_u32(in);
  struct wire_string untrusted_from = wire_string(in);
  uint32_t to_number = wire_u32(in);
  struct wire_string untrusted_to = wire_string(in);
  struct name from_name, to_name;

  (void)out;
  if (!wire_complete(in))
    return NINEP_BROKEN;

  struct fid *from = fid_file(&server->fids, from_number), *to = fid_file(&server->fids, to_number);
  int error = from == NULL || to == NULL ? EBADF : path_name(untrusted_from, &from_name);

  if (error == 0)
    error = path_name(untrusted_to, &to_name);
  if (error != 0)
    return error;
  return renameat(from->path, from_name.text, to->path, to_name.text) != 0 ? errno : 0;
}

int answer_unlinkat(struct ninep *server, struct wire_in *in, struct wire_out *out) {
  uint32_t number = wire_u32(in);
  struct wire_string untrusted_name = wire_string(in);
  uint32_t flags = wire_u32(in);
  struct name name;

  (void)out;
  if (!wire_complete(in))
    return NINEP_BROKEN;

  struct fid *folder = fid_file(&server->fids, number);
  int error = folder == NULL ? EBADF : path_name(untrusted_name, &name);

  if (error == 0 && (flags & ~REMOVE_DIR) != 0)
    error = EINVAL;
  if (error != 0)
    return error;
  return unlinkat(folder->path, name.text, flags != 0 ? AT_REMOVEDIR : 0) != 0 ? errno : 0;
}

int answer_readlink(struct ninep *server, struct wire_in *in, struct wire_out *out) {
  uint32_t number = wire_u32(in);
  char target[4097];

  if (!wire_complete(in))
    return NINEP_BROKEN;

  struct fid *fid = fid_file(&server->fids, number);
  struct stat info;

  if (fid == NULL)
    return EBADF;
  if (fstat(fid->path, &info) != 0)
    return errno;
  if (!S_ISLNK(info.st_mode))
    return EINVAL;
  ssize_t length = readlinkat(fid->path, "", target, sizeof target);

  if (length < 0)
    return errno;
  if ((size_t)length == sizeof target || (size_t)length + 2 > out->left)
    return ENAMETOOLONG;
  wire_put_string(out, target, (size_t)length);
  return 0;
}
