// SPDX-License-Identifier: Apache-2.0
/* Reads, lists and sets extended attributes: Txattrwalk, Txattrcreate. The working directory must be fds_fd. */
#include "shares/ninep/xattrs/xattr.h"

#include "shares/ninep/files/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#define TRIES_MAX 8 /* for a value that grows during reading */

/* True for attributes that a container may use. Others belong to the host: trusted.*, security.selinux and more. */
static bool is_allowed(const char *name) {
  return strncmp(name, "user.", strlen("user.")) == 0 || strcmp(name, "system.posix_acl_access") == 0 ||
         strcmp(name, "system.posix_acl_default") == 0 || strcmp(name, "security.capability") == 0;
}

static int check_name(struct wire_string untrusted_name, struct name *name_out) {
  if (memchr(untrusted_name.bytes, '\0', untrusted_name.length) != NULL)
    return EINVAL;
  if (untrusted_name.length > NINEP_NAME_MAX)
    return ERANGE;
  memcpy(name_out->text, untrusted_name.bytes, untrusted_name.length);
  name_out->text[untrusted_name.length] = '\0';
  return is_allowed(name_out->text) ? 0 : EOPNOTSUPP;
}

/* Keeps only the allowed names. */
static size_t filter(char *names, size_t length) {
  size_t kept = 0;

  for (size_t at = 0; at < length;) {
    size_t n = strnlen(names + at, length - at);

    if (at + n == length)
      break; /* without a NUL it is no name */
    n++;
    if (is_allowed(names + at)) {
      memmove(names + kept, names + at, n);
      kept += n;
    }
    at += n;
  }
  return kept;
}

static ssize_t get(const char *file, const char *name, void *value, size_t size) {
  return *name == '\0' ? listxattr(file, value, size) : getxattr(file, name, value, size);
}

/* Loads the value, or the list of names if the name is empty. */
static int load(struct ninep *server, const struct fid *fid, const struct name *name, struct xattr **xattr_out) {
  struct fd_name file = path_fd_name(fid->path);

  for (int tries = 0; tries < TRIES_MAX; tries++) {
    ssize_t size = get(file.text, name->text, NULL, 0), got;
    struct xattr *xattr;

    if (size < 0)
      return errno;
    if ((size_t)size > NINEP_XATTR_MAX)
      return E2BIG;
    int error = xattr_new(server, (size_t)size, &xattr);

    if (error != 0)
      return error;
    /* with size 0, get() would return the attribute's size again, which may have changed */
    got = size == 0 ? 0 : get(file.text, name->text, xattr->value, (size_t)size);
    error = got < 0 ? errno : 0;
    if (error == 0) {
      xattr->written = *name->text == '\0' ? filter((char *)xattr->value, (size_t)got) : (size_t)got;
      *xattr_out = xattr;
      return 0;
    }
    xattr_discard(server, xattr);
    if (error != ERANGE)
      return error;
  }
  return EAGAIN;
}

int answer_xattrwalk(struct ninep *server, struct wire_in *in, struct wire_out *out) {
  uint32_t number = wire_u32(in), new_number = wire_u32(in);
  struct wire_string untrusted_name = wire_string(in);
  struct name name = {""};
  struct fid *fid, *made;
  struct xattr *xattr = NULL;

  if (!wire_complete(in))
    return NINEP_BROKEN;
  fid = fid_file(&server->fids, number);

  int error = fid == NULL ? EBADF : untrusted_name.length > 0 ? check_name(untrusted_name, &name) : 0;

  if (error == 0)
    error = load(server, fid, &name, &xattr);
  if (error != 0)
    return error;
  error = fid_new(&server->fids, new_number, fid->uid, -1, &made);
  if (error != 0) {
    xattr_discard(server, xattr);
    return error;
  }
  made->xattr = xattr;
  wire_put_u64(out, xattr->written);
  return 0;
}

/* The file's fid stands for the attribute from now on: Twrite brings its value, Tclunk sets it. */
int answer_xattrcreate(struct ninep *server, struct wire_in *in, struct wire_out *out) {
  uint32_t number = wire_u32(in);
  struct wire_string untrusted_name = wire_string(in);
  uint64_t size = wire_u64(in);
  uint32_t flags = wire_u32(in);
  struct xattr *xattr = NULL;
  struct name name;
  struct fid *fid;

  (void)out;
  if (!wire_complete(in))
    return NINEP_BROKEN;
  fid = fid_file(&server->fids, number);

  int error = fid == NULL ? EBADF : check_name(untrusted_name, &name);

  if (error == 0 && (fid->io >= 0 || (flags != 0 && flags != XATTR_CREATE && flags != XATTR_REPLACE)))
    error = EINVAL;
  if (error == 0 && size > NINEP_XATTR_MAX)
    error = E2BIG;
  if (error == 0)
    error = xattr_new(server, (size_t)size, &xattr);
  if (error != 0)
    return error;
  xattr->name = name;
  xattr->flags = (int)flags;
  xattr->is_written = true;
  fid->xattr = xattr;
  return 0;
}

/* In the protocol, replacing an attribute by an empty value removes it. */
int xattr_finish(const struct fid *fid) {
  const struct xattr *xattr = fid->xattr;
  struct fd_name file = path_fd_name(fid->path);

  if (xattr == NULL || !xattr->is_written)
    return 0;
  if (xattr->written < xattr->size)
    return EINVAL;
  if (xattr->size == 0 && xattr->flags == XATTR_REPLACE)
    return removexattr(file.text, xattr->name.text) != 0 ? errno : 0;
  return setxattr(file.text, xattr->name.text, xattr->value, xattr->size, xattr->flags) != 0 ? errno : 0;
}
