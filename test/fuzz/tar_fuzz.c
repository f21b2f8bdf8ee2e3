// SPDX-License-Identifier: Apache-2.0
/*
 * No archive may break the agent's reader or lead out of the root. The reader and the targets computed by target.c
 * run on the fuzzer's bytes. Each entry is also written and read again, and must be the same.
 */
#define _GNU_SOURCE
#include "archive/target.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

bool archive_complain(const char *what, const char *path, const char *error) {
  (void)what;
  (void)path;
  (void)error;
  return false;
}

static int refill(int *fd, const void *bytes, size_t length) {
  if (*fd < 0)
    *fd = memfd_create("tar-fuzz", MFD_CLOEXEC);
  if (*fd < 0 || ftruncate(*fd, 0) != 0 || pwrite(*fd, bytes, length, 0) != (ssize_t)length ||
      lseek(*fd, 0, SEEK_SET) != 0)
    abort();
  return *fd;
}

static void check_target(const struct tar_entry *entry) {
  static const struct target into = {.base = "/base"}, put = {.is_put = true, .base = "/base"};
  char out[TAR_PATH_MAX];

  for (int i = 0; i < 2; i++) {
    if (!target_path(i ? &put : &into, entry->path, out))
      continue;
    if (strncmp(out, "/base", 5) != 0 || (out[5] != '/' && out[5] != '\0') || strstr(out, "/../") ||
        (strlen(out) > 3 && strcmp(out + strlen(out) - 3, "/..") == 0))
      abort();
  }
}

static void check_again(struct tar_entry *entry) {
  static struct tar_out out;
  static struct tar_in in;
  static struct tar_entry again;
  static int fd = -1;
  const char *why;

  out.used = 0;
  out.fd = refill(&fd, "", 0);
  in.start = in.end = 0;
  in.left = in.padding = 0;
  if (entry->path[0] == '\0' || !tar_out_entry(&out, entry) || !tar_out_flush(&out) || lseek(fd, 0, SEEK_SET) != 0)
    return;
  in.fd = fd;
  if (tar_in_next(&in, &again, &why) != TAR_NEXT_ENTRY)
    abort();
  if (strcmp(again.path, entry->path) != 0 || strcmp(again.link, entry->link) != 0 || again.size != entry->size ||
      again.uid != entry->uid || again.gid != entry->gid || again.mtime != entry->mtime ||
      again.xattrs_length != entry->xattrs_length)
    abort();
  free(again.xattrs);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  static struct tar_in in;
  static struct tar_entry entry;
  static int fd = -1;
  uint8_t piece[1000];
  const char *why;

  in.fd = refill(&fd, bytes, length);
  in.start = in.end = 0;
  in.left = in.padding = 0;
  while (tar_in_next(&in, &entry, &why) == TAR_NEXT_ENTRY) {
    uint8_t *records = entry.xattrs, *value;
    size_t left = entry.xattrs_length, value_length;
    char *name;

    check_target(&entry);
    check_again(&entry);
    while (left > 0)
      if (!tar_record_next(&records, &left, &name, &value, &value_length) ||
          strncmp(name, TAR_XATTR_PREFIX, sizeof TAR_XATTR_PREFIX - 1) != 0)
        abort();
    free(entry.xattrs);
    if (bytes[0] & 1)
      while (tar_in_read(&in, piece, sizeof piece) > 0)
        ;
  }
  return 0;
}
