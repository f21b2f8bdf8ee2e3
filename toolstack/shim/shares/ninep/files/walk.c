// SPDX-License-Identifier: Apache-2.0
/* Walks from one file to another: Twalk. */
#include "shares/ninep/files/path.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define WALK_MAX 16u
/* Folders that one Twalk climbs for its checks: more than a path of PATH_MAX bytes can name. */
#define LEVELS_MAX 2048u

struct walk {
  uint16_t count, done;
  unsigned levels; /* climbed so far */
  struct wire_string untrusted_names[WALK_MAX];
  struct qid qids[WALK_MAX];
};

/*
 * Checks that going up from `folder` leads to the root. The host may have moved a folder that the guest has open out
 * of the export; the guest must not see the folders above it then.
 */
static int check_inside(struct ninep *server, int folder, unsigned *levels) {
  int at = folder, error = 0;

  for (;; ++*levels) {
    struct stat info, above;
    int up = -1;

    if (fstat(at, &info) != 0) {
      error = errno;
    } else if (info.st_dev == server->root_dev && info.st_ino == server->root_ino) {
      break;
    } else if (*levels >= LEVELS_MAX) {
      error = ELOOP;
    } else if ((error = path_up(server, at, &up)) == 0) {
      if (fstat(up, &above) != 0)
        error = errno;
      else if (above.st_dev == info.st_dev && above.st_ino == info.st_ino)
        error = EACCES;
    }
    if (at != folder)
      close(at);
    at = up;
    if (error != 0)
      break;
  }
  if (at != folder && at >= 0)
    close(at);
  return error;
}

static bool is_up(struct wire_string untrusted_name) {
  return untrusted_name.length == 2 && untrusted_name.bytes[0] == '.' && untrusted_name.bytes[1] == '.';
}

/* The last `..` of several in a row is checked for all of them: the others lie below its folder. */
static bool is_checked(const struct walk *walk, uint16_t i) {
  return !is_up(walk->untrusted_names[i]) || i + 1 == walk->count || !is_up(walk->untrusted_names[i + 1]);
}

static int step(struct ninep *server, int from, struct walk *walk, uint16_t i, int *path_out) {
  struct name name;
  int error, path;

  if (!is_up(walk->untrusted_names[i])) {
    error = path_name(walk->untrusted_names[i], &name);
    return error != 0 ? error : path_step(from, &name, path_out);
  }
  error = path_up(server, from, &path);
  if (error != 0)
    return error;
  error = is_checked(walk, i) ? check_inside(server, path, &walk->levels) : 0;
  if (error != 0)
    close(path);
  else
    *path_out = path;
  return error;
}

/* Follows names as far as possible and sets walk->done to their number. *path_out: the last file, or -1 if a name
 * failed. Returns an error only if the first name failed. */
static int follow(struct ninep *server, int from, struct walk *walk, int *path_out) {
  int error = 0, path = fcntl(from, F_DUPFD_CLOEXEC, 0);
  uint16_t at = 0;

  if (path < 0)
    return errno;
  for (; at < walk->count; at++) {
    int next;

    error = step(server, path, walk, at, &next);
    if (error != 0)
      break;
    close(path);
    path = next;
    error = path_stat(server, path, NULL, &walk->qids[at]);
    if (error != 0)
      break;
    /* the guest learns nothing of a folder that no check has found inside */
    if (is_checked(walk, at))
      walk->done = at + 1;
  }
  if (at < walk->count) {
    close(path);
    path = -1;
  }
  *path_out = path;
  return walk->done > 0 ? 0 : error;
}

int answer_walk(struct ninep *server, struct wire_in *in, struct wire_out *out) {
  uint32_t from_number = wire_u32(in), to_number = wire_u32(in);
  struct walk walk = {.count = wire_u16(in)};
  int error, path = -1;

  for (uint16_t i = 0; i < walk.count && !in->is_short; i++) {
    struct wire_string untrusted_name = wire_string(in);

    if (i < WALK_MAX)
      walk.untrusted_names[i] = untrusted_name;
  }
  if (!wire_complete(in))
    return NINEP_BROKEN;

  struct fid *from = fid_file(&server->fids, from_number), *to;

  if (walk.count > WALK_MAX)
    return EINVAL;
  if (from == NULL ||
      (to_number != from_number && (to_number == NINEP_NO_FID || fid_find(&server->fids, to_number) != NULL)))
    return EBADF;
  /* the fid's open descriptor belongs to its current file */
  if (to_number == from_number && walk.count > 0 && from->io >= 0)
    return EINVAL;
  error = follow(server, from->path, &walk, &path);
  if (error != 0)
    return error;
  if (path >= 0 && to_number == from_number) {
    close(from->path);
    from->path = path;
  } else if (path >= 0) {
    error = fid_new(&server->fids, to_number, from->uid, path, &to);
    if (error != 0)
      return error;
  }
  wire_put_u16(out, walk.done);
  for (uint16_t i = 0; i < walk.done; i++)
    qid_put(out, &walk.qids[i]);
  return 0;
}
