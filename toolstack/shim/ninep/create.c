// SPDX-License-Identifier: Apache-2.0
/* How the guest makes files: Tlcreate, Tmkdir, Tmknod, Tsymlink. */
#include "open.h"
#include "owner.h"
#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define MODE_BITS 07777u
#define TRIES_MAX 16

/* A folder in which something is to be made, and under which name. */
static int find_place(struct ninep *server, uint32_t number, struct wire_string untrusted_name, struct fid **folder_out,
                      struct name *name_out) {
  *folder_out = fid_file(server, number);
  return *folder_out == NULL ? EBADF : path_name(untrusted_name, name_out);
}

/* The reply of what makes a file without opening it. */
static int put_made(struct ninep *server, const struct fid *folder, const struct name *name, struct wire_out *out) {
  struct qid qid;
  int path, error = path_step(folder->path, name, &path);

  if (error != 0)
    return error;
  error = path_stat(server, path, NULL, &qid);
  close(path);
  if (error == 0)
    qid_put(out, &qid);
  return error;
}

/* Makes the file and opens it: both descriptors. EEXIST when it is there. */
static int create(struct ninep *server, const struct fid *folder, const struct name *name, int flags, uint32_t mode,
                  uint32_t gid, int *path_out, int *io_out) {
  int path, io, error = owner_begin(folder->uid, gid);

  if (error != 0)
    return error;
  io = openat(folder->path, name->text,
              (flags & ~O_TRUNC) | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, mode & MODE_BITS);
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

/* Opens what is there. It is looked at before: it may be a device, which O_CREAT alone would open. */
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

/* The fid, which was the folder's, is the new file's from now on. */
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
  int error = find_place(server, number, untrusted_name, &fid, &name);

  if (error == 0)
    error = open_flags(untrusted_flags, &flags);
  if (error == 0 && (fid->io >= 0 || (flags & O_DIRECTORY) != 0))
    error = EINVAL;
  if (error != 0)
    return error;
  /* others may make and remove it meanwhile */
  for (int tries = 0; tries < TRIES_MAX; tries++) {
    error = create(server, fid, &name, flags, mode, gid, &path, &io);
    if (error != EEXIST || (untrusted_flags & OPEN_EXCL) != 0)
      break;
    error = open_there(server, fid, &name, flags, &path, &io);
    if (error != ENOENT)
      break;
  }
  if (error != 0)
    return error;
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

int answer_mkdir(struct ninep *server, struct wire_in *in, struct wire_out *out) {
  uint32_t number = wire_u32(in);
  struct wire_string untrusted_name = wire_string(in);
  uint32_t mode = wire_u32(in), gid = wire_u32(in);
  struct fid *folder;
  struct name name;

  if (!wire_complete(in))
    return NINEP_BROKEN;
  int error = find_place(server, number, untrusted_name, &folder, &name);

  if (error != 0 || (error = owner_begin(folder->uid, gid)) != 0)
    return error;
  error = mkdirat(folder->path, name.text, mode & MODE_BITS) != 0 ? errno : 0;
  owner_end();
  return error != 0 ? error : put_made(server, folder, &name, out);
}

/* A device of the guest's would be one of the host's too. 0:0 is none: overlayfs marks what was removed with it. */
static int check_type(uint32_t mode, uint32_t major, uint32_t minor) {
  switch (mode & S_IFMT) {
  case 0:
  case S_IFREG:
  case S_IFIFO:
  case S_IFSOCK:
    return 0;
  case S_IFCHR:
    return major == 0 && minor == 0 ? 0 : EPERM;
  case S_IFBLK:
    return EPERM;
  default:
    return EINVAL;
  }
}

int answer_mknod(struct ninep *server, struct wire_in *in, struct wire_out *out) {
  uint32_t number = wire_u32(in);
  struct wire_string untrusted_name = wire_string(in);
  uint32_t mode = wire_u32(in), major = wire_u32(in), minor = wire_u32(in), gid = wire_u32(in);
  struct fid *folder;
  struct name name;

  if (!wire_complete(in))
    return NINEP_BROKEN;
  int error = find_place(server, number, untrusted_name, &folder, &name);

  if (error != 0 || (error = check_type(mode, major, minor)) != 0 || (error = owner_begin(folder->uid, gid)) != 0)
    return error;
  error = mknodat(folder->path, name.text, mode & (S_IFMT | MODE_BITS), makedev(0, 0)) != 0 ? errno : 0;
  owner_end();
  return error != 0 ? error : put_made(server, folder, &name, out);
}

int answer_symlink(struct ninep *server, struct wire_in *in, struct wire_out *out) {
  uint32_t number = wire_u32(in);
  struct wire_string untrusted_name = wire_string(in), untrusted_target = wire_string(in);
  uint32_t gid = wire_u32(in);
  char target[4096];
  struct fid *folder;
  struct name name;

  if (!wire_complete(in))
    return NINEP_BROKEN;
  int error = find_place(server, number, untrusted_name, &folder, &name);

  if (error != 0)
    return error;
  if (untrusted_target.length == 0)
    return ENOENT;
  if (untrusted_target.length >= sizeof target)
    return ENAMETOOLONG;
  /* any text is a target: nobody but the guest's own kernel follows it */
  if (memchr(untrusted_target.bytes, '\0', untrusted_target.length) != NULL)
    return EINVAL;
  memcpy(target, untrusted_target.bytes, untrusted_target.length);
  target[untrusted_target.length] = '\0';
  error = owner_begin(folder->uid, gid);
  if (error != 0)
    return error;
  error = symlinkat(target, folder->path, name.text) != 0 ? errno : 0;
  owner_end();
  return error != 0 ? error : put_made(server, folder, &name, out);
}
