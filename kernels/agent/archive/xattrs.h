/* SPDX-License-Identifier: Apache-2.0 */
/* Extended attributes of files, as an archive's entries have them. */
#ifndef AGENT_XATTRS_H
#define AGENT_XATTRS_H

#include "archive/tar/tar.h"

/* Adds a file's to its entry. What cannot be read is left out: many file systems have none. */
void xattrs_add(struct tar_entry *entry, int fd);

/* Sets an entry's on a file. A file system without them goes without. */
void xattrs_set(struct tar_entry *entry, int fd);

#endif
