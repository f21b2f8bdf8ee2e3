// SPDX-License-Identifier: Apache-2.0
/*
 * Writes one file as an entry of an archive. When the file changes meanwhile, its content is cut off or filled up at
 * the size in its entry.
 */
#define _GNU_SOURCE
#include "archive/pack.h"
#include "archive/xattrs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static void describe(struct tar_entry *entry, enum tar_type type, const struct stat *status) {
  entry->type = type;
  entry->mode = status->st_mode & 07777;
  entry->uid = status->st_uid;
  entry->gid = status->st_gid;
  entry->mtime = status->st_mtime;
  entry->major = entry->minor = 0;
  entry->size = 0;
  entry->link[0] = '\0';
  free(entry->xattrs);
  entry->xattrs = NULL;
  entry->xattrs_length = 0;
}

static bool put(struct packing *packing) {
  return tar_out_entry(&packing->out, &packing->entry) || pack_lost();
}

bool pack_empty(struct packing *packing) {
  const struct stat none = {.st_mode = 0644};

  describe(&packing->entry, TAR_FILE, &none);
  return put(packing);
}

static bool put_content(struct packing *packing, int fd, uint64_t size) {
  static uint8_t piece[TAR_BUFFER];
  uint64_t left = size;

  while (left > 0) {
    size_t wanted = left > sizeof piece ? sizeof piece : (size_t)left;
    ssize_t got = read(fd, piece, wanted);

    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return archive_complain("read", packing->entry.path, NULL);
    if (got == 0) {
      memset(piece, 0, wanted);
      got = (ssize_t)wanted;
    }
    if (!tar_out_bytes(&packing->out, piece, (size_t)got))
      return pack_lost();
    left -= (uint64_t)got;
  }
  return tar_out_pad(&packing->out, size) || pack_lost();
}

bool pack_file(struct packing *packing, int fd, const struct stat *status) {
  describe(&packing->entry, TAR_FILE, status);
  xattrs_add(&packing->entry, fd);
  packing->entry.size = (uint64_t)status->st_size;
  return put(packing) && put_content(packing, fd, packing->entry.size);
}

bool pack_folder(struct packing *packing, int fd, const struct stat *status) {
  size_t length = strlen(packing->entry.path);
  bool ok;

  describe(&packing->entry, TAR_FOLDER, status);
  xattrs_add(&packing->entry, fd);
  if (length + 2 > TAR_PATH_MAX)
    return archive_complain("pack", packing->entry.path, "a path in it is too long");
  strcat(packing->entry.path, "/");
  ok = put(packing);
  packing->entry.path[length] = '\0';
  return ok;
}

bool pack_link(struct packing *packing, const struct stat *status, const char *first) {
  describe(&packing->entry, TAR_LINK, status);
  strcpy(packing->entry.link, first);
  return put(packing);
}

bool pack_symlink(struct packing *packing, int folder, const char *name, const struct stat *status) {
  ssize_t length;

  describe(&packing->entry, TAR_SYMLINK, status);
  length = readlinkat(folder, name, packing->entry.link, TAR_PATH_MAX - 1);
  if (length < 0)
    return errno == ENOENT || archive_complain("read the link", packing->entry.path, NULL);
  packing->entry.link[length] = '\0';
  return put(packing);
}

bool pack_device(struct packing *packing, const struct stat *status) {
  mode_t kind = status->st_mode & S_IFMT;

  describe(&packing->entry, kind == S_IFCHR ? TAR_CHAR : kind == S_IFBLK ? TAR_BLOCK_DEVICE : TAR_FIFO, status);
  if (kind != S_IFIFO) {
    packing->entry.major = major(status->st_rdev);
    packing->entry.minor = minor(status->st_rdev);
  }
  return put(packing);
}
