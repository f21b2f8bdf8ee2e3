/* SPDX-License-Identifier: Apache-2.0 */
/* Files with several names, and under which the archive has them. */
#ifndef AGENT_LINKS_H
#define AGENT_LINKS_H

#include <sys/types.h>

struct link_seen;

struct links {
  struct link_seen **buckets;
  unsigned count;
};

/*
 * The path under which a file was seen first, or NULL: this is the first time, and path is remembered. Where no more
 * can be remembered a file is in the archive once for each of its names.
 */
const char *links_first(struct links *links, dev_t device, ino_t inode, const char *path);

#endif
