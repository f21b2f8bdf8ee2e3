/* SPDX-License-Identifier: Apache-2.0 */
/* The first path of each file that has several names. */
#ifndef AGENT_LINKS_H
#define AGENT_LINKS_H

#include <sys/types.h>

struct link_seen;

struct links {
  struct link_seen **buckets;
  unsigned count;
};

/*
 * Returns the path under which the archive has this file already. Returns NULL at the first time, and remembers path.
 * When the table is full, the archive contains the file once for each of its names.
 */
const char *links_first(struct links *links, dev_t device, ino_t inode, const char *path);

#endif
