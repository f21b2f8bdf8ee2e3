// SPDX-License-Identifier: Apache-2.0
/* Creates files without opening them: Tmkdir, Tmknod, Tsymlink. */
#include "shares/ninep/files/owner.h"
#include "shares/ninep/files/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Writes the reply for a file that was created without opening it. */
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

int answer_mkdir(struct ninep *server, struct wire_in *in, struct wire_out *out) {
  uint32_t number = wire_u32(in);
  struct wire_string untrusted_name = wire_string(in);
  uint32_t mode = wire_u32(in), gid = wire_u32(in);
  struct fid *folder;
  struct name name;

  if (!wire_complete(in))
    return NINEP_BROKEN;
  int error = path_parent(server, number, untrusted_name, &folder, &name);

  if (error != 0 || (error = owner_begin(folder->uid, gid)) != 0)
    return error;
  error = mkdirat(folder->path, name.text, mode & NINEP_MODE_BITS) != 0 ? errno : 0;
  owner_end();
  return error != 0 ? error : put_made(server, folder, &name, out);
}

/* Refuses devices: a guest's device would also be a host's. Allows 0:0, overlayfs' mark of a removed file. */
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
  int error = path_parent(server, number, untrusted_name, &folder, &name);

  if (error != 0 || (error = check_type(mode, major, minor)) != 0 || (error = owner_begin(folder->uid, gid)) != 0)
    return error;
  error = mknodat(folder->path, name.text, mode & (S_IFMT | NINEP_MODE_BITS), makedev(0, 0)) != 0 ? errno : 0;
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
  int error = path_parent(server, number, untrusted_name, &folder, &name);

  if (error != 0)
    return error;
  if (untrusted_target.length == 0)
    return ENOENT;
  if (untrusted_target.length >= sizeof target)
    return ENAMETOOLONG;
  /* any text is a valid target: only the guest's own kernel follows it */
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
