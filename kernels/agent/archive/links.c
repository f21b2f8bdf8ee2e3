// SPDX-License-Identifier: Apache-2.0
/* Remembers files with several names, so that an archive contains each file once. */
#include "archive/links.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS 1024u
#define LINKS_MAX 100000u

struct link_seen {
  struct link_seen *next;
  dev_t device;
  ino_t inode;
  char path[];
};

const char *links_first(struct links *links, dev_t device, ino_t inode, const char *path) {
  size_t length = strlen(path) + 1;
  struct link_seen **bucket, *seen;

  if (!links->buckets)
    links->buckets = calloc(BUCKETS, sizeof *links->buckets);
  if (!links->buckets)
    return NULL;
  bucket = &links->buckets[(device ^ inode ^ inode >> 10) % BUCKETS];
  for (seen = *bucket; seen; seen = seen->next)
    if (seen->device == device && seen->inode == inode)
      return seen->path;
  seen = links->count < LINKS_MAX ? malloc(sizeof *seen + length) : NULL;
  if (!seen)
    return NULL;
  seen->next = *bucket;
  seen->device = device;
  seen->inode = inode;
  memcpy(seen->path, path, length);
  *bucket = seen;
  links->count++;
  return NULL;
}
