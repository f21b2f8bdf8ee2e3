// SPDX-License-Identifier: Apache-2.0
/* Dispatches messages to their handlers, and handles the common parts of requests and replies. */
#include "shares/ninep/ninep.h"

#include "shares/ninep/drop.h"
#include "shares/ninep/files/owner.h"
#include "shares/ninep/state.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { R_LERROR = 7, T_VERSION = 100, TYPES = 128 };

/* Indexed by the number of the T-message; the reply's number is one higher. Missing ones are answered EOPNOTSUPP. */
static ninep_handler *const handlers[TYPES] = {
    [8] = answer_statfs,   [12] = answer_lopen,     [14] = answer_lcreate,     [16] = answer_symlink,
    [18] = answer_mknod,   [20] = answer_rename,    [22] = answer_readlink,    [24] = answer_getattr,
    [26] = answer_setattr, [30] = answer_xattrwalk, [32] = answer_xattrcreate, [40] = answer_readdir,
    [50] = answer_fsync,   [52] = answer_lock,      [54] = answer_getlock,     [70] = answer_link,
    [72] = answer_mkdir,   [74] = answer_renameat,  [76] = answer_unlinkat,    [T_VERSION] = answer_version,
    [104] = answer_attach, [108] = answer_flush,    [110] = answer_walk,       [116] = answer_read,
    [118] = answer_write,  [120] = answer_clunk,    [122] = answer_remove,
};

struct ninep *ninep_new(int root_fd, int fds_fd, uint32_t msize_max) {
  struct ninep *server = NULL;
  struct stat info;
  struct qid qid;
  int error = 0;

  if (msize_max < NINEP_MSIZE_MIN || msize_max > INT32_MAX) {
    error = EINVAL;
    goto out;
  }
  if (fstat(root_fd, &info) != 0 || fchdir(fds_fd) != 0) {
    error = errno;
    goto out;
  }
  error = S_ISDIR(info.st_mode) ? owner_init() : ENOTDIR;
  if (error != 0)
    goto out;
  server = calloc(1, sizeof *server);
  if (server == NULL) {
    error = ENOMEM;
    goto out;
  }
  *server = (struct ninep){
      .root_fd = root_fd, .fds_fd = fds_fd, .root_dev = info.st_dev, .root_ino = info.st_ino, .msize_max = msize_max};
  server->fids.budget = &server->budget;
  /* the root's device comes first in the table: its files' numbers equal their inode numbers */
  error = qid_of(&server->qids, &info, &qid);
out:
  if (error == 0)
    return server;
  ninep_free(server);
  errno = error;
  return NULL;
}

void ninep_share_budget(struct ninep *server, const struct ninep_budget_page *pages, struct ninep_budget_page *own) {
  server->budget.pages = pages;
  server->budget.own = own;
}

void ninep_free(struct ninep *server) {
  if (server == NULL)
    return;
  fid_drop_all(server);
  qid_free(&server->qids);
  free(server);
}

/* Fills in the header of a reply whose fields end at `out`. */
static ssize_t finish(uint8_t *reply, const struct wire_out *out, uint8_t type, uint16_t tag) {
  size_t length = (size_t)(out->at - reply);
  struct wire_out header = {.at = reply, .left = WIRE_HEADER};

  wire_put_u32(&header, (uint32_t)length);
  wire_put_u8(&header, type);
  wire_put_u16(&header, tag);
  return (ssize_t)length;
}

ssize_t ninep_answer(struct ninep *server, const uint8_t *untrusted_request, size_t n, uint8_t *reply, size_t room) {
  struct wire_in in = {.at = untrusted_request, .left = n};
  uint32_t size = wire_u32(&in);
  uint8_t type = wire_u8(&in);
  uint16_t tag = wire_u16(&in);
  size_t limit = server->msize > 0 ? server->msize : server->msize_max;

  if (in.is_short || size != n || n > limit || room < server->msize_max)
    return -1;
  if (server->msize == 0 && type != T_VERSION)
    return -1;

  struct wire_out out = {.at = reply + WIRE_HEADER, .left = limit - WIRE_HEADER};
  ninep_handler *handler = type < TYPES ? handlers[type] : NULL;
  int error = handler == NULL ? EOPNOTSUPP : handler(server, &in, &out);

  if (error == NINEP_BROKEN)
    return -1;
  if (error == 0 && !out.is_full)
    return finish(reply, &out, (uint8_t)(type + 1), tag);
  out = (struct wire_out){.at = reply + WIRE_HEADER, .left = limit - WIRE_HEADER};
  wire_put_u32(&out, (uint32_t)(error != 0 ? error : EIO));
  return finish(reply, &out, R_LERROR, tag);
}
