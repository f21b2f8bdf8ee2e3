// SPDX-License-Identifier: Apache-2.0
/*
 * UNPACK and PUT: unpacks an archive entry by entry. The kernel looks each path up below the root at that moment; a
 * path with ".." is refused.
 */
#define _GNU_SOURCE
#include "archive/unpack/unpack.h"

#include <stdlib.h>
#include <unistd.h>

bool unpack_fail(const struct unpacking *unpacking, const char *error) {
  return archive_complain("write", unpacking->path, error);
}

/* Unpacks the entries to their target. Skips an entry for the target folder itself if that existed before. */
static bool run(const struct archive *archive, struct target *target) {
  struct unpacking *unpacking = calloc(1, sizeof *unpacking);
  enum tar_next next;
  const char *why;
  bool ok = true, is_first = true;

  if (!unpacking)
    return archive_complain("unpack", "the archive", NULL);
  unpacking->archive = archive;
  unpacking->in.fd = STDIN_FILENO;
  while (ok && (next = tar_in_next(&unpacking->in, &unpacking->entry, &why)) == TAR_NEXT_ENTRY) {
    if (is_first && target->is_put)
      ok = target_choose(target, archive, unpacking->entry.type == TAR_FOLDER);
    is_first = false;
    if (ok && !target_path(target, unpacking->entry.path, unpacking->path))
      ok = archive_complain("unpack", unpacking->entry.path, "its path leads out of the archive, or is too long");
    if (ok && !(unpacking->entry.type == TAR_FOLDER && target_existed(target, unpacking->path)))
      ok = unpack_make(unpacking, target);
    free(unpacking->entry.xattrs);
    unpacking->entry.xattrs = NULL;
  }
  if (ok && next == TAR_NEXT_BAD)
    ok = archive_complain("read", "the archive", why);
  if (ok && is_first && target->is_put)
    ok = archive_complain("read", "the archive", "it is empty");
  unpack_set_folder_times(unpacking);
  if (ok)
    tar_in_drain(&unpacking->in);
  return ok;
}

bool archive_unpack(const struct archive *archive) {
  struct target target = {0};

  return target_choose(&target, archive, true) && run(archive, &target);
}

bool archive_put(const struct archive *archive) {
  struct target target = {.is_put = true};

  return run(archive, &target);
}
