// SPDX-License-Identifier: Apache-2.0
/* PACK and LAYER: packs a path of a root filesystem, or the writable layer, as an archive. */
#define _GNU_SOURCE
#include "archive/pack.h"

#include "archive/inside.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool pack_lost(void) {
  return archive_complain("write", "the archive", NULL);
}

static struct packing *new_packing(void) {
  struct packing *packing = calloc(1, sizeof *packing);

  if (packing)
    packing->out.fd = STDOUT_FILENO;
  else
    archive_complain("pack", "the files", NULL);
  return packing;
}

bool archive_pack(const struct archive *archive) {
  struct packing *packing = new_packing();
  char target[TAR_PATH_MAX], base[256];
  struct stat status;
  int folder, fd;

  if (!packing)
    return false;
  /* as in podman, a link that the caller names stands for its target; links below it stay links */
  if (!inside_follow(archive->root, archive->path, target))
    return archive_complain("find", archive->path, NULL);
  fd = inside_open(archive->root, archive->path, O_PATH);
  if (fd < 0 || fstat(fd, &status) != 0)
    return archive_complain("find", archive->path, NULL);
  strcpy(packing->entry.path, archive->name);
  if (S_ISDIR(status.st_mode)) {
    folder = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return folder >= 0 ? pack_open(packing, folder, &status) && (tar_out_finish(&packing->out) || pack_lost())
                       : archive_complain("open", archive->path, NULL);
  }
  folder = inside_parent(archive->root, target, base);
  if (folder < 0)
    return archive_complain("open", archive->path, NULL);
  return pack_node(packing, folder, base) && (tar_out_finish(&packing->out) || pack_lost());
}

bool archive_pack_layer(const struct archive *archive) {
  struct packing *packing = new_packing();
  int upper = archive_open_upper(archive);

  if (upper < 0)
    archive_complain("open", "the writable layer", NULL);
  if (!packing || upper < 0)
    return false;
  packing->is_layer = true;
  strcpy(packing->entry.path, ".");
  return pack_node(packing, upper, ".") && (tar_out_finish(&packing->out) || pack_lost());
}
