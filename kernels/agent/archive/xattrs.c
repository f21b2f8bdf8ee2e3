// SPDX-License-Identifier: Apache-2.0
/* Chooses the extended attributes that an archive keeps. */
#include "archive/xattrs.h"

#include <string.h>
#include <sys/xattr.h>

/* Refuses attributes that overlayfs or a security module interprets. */
static bool is_archived(const char *name) {
  return strncmp(name, "user.", 5) == 0 || strcmp(name, "security.capability") == 0 ||
         strncmp(name, "system.posix_acl_", 17) == 0;
}

void xattrs_add(struct tar_entry *entry, int fd) {
  static char names[65536], value[65536], key[300];
  ssize_t length = flistxattr(fd, names, sizeof names);

  for (char *name = names; length > 0 && name < names + length; name += strlen(name) + 1) {
    ssize_t got;

    if (!is_archived(name) || strlen(name) > 255)
      continue;
    got = fgetxattr(fd, name, value, sizeof value);
    if (got < 0)
      continue;
    strcpy(key, TAR_XATTR_PREFIX);
    strcat(key, name);
    tar_record_add(&entry->xattrs, &entry->xattrs_length, key, value, (size_t)got);
  }
}

void xattrs_set(struct tar_entry *entry, int fd) {
  uint8_t *next = entry->xattrs, *value;
  size_t left = entry->xattrs_length, length;
  char *name;

  while (left > 0 && tar_record_next(&next, &left, &name, &value, &length)) {
    name += sizeof TAR_XATTR_PREFIX - 1;
    if (is_archived(name))
      fsetxattr(fd, name, value, length, 0);
  }
}
