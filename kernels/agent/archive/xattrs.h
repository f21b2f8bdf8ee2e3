/* SPDX-License-Identifier: Apache-2.0 */
/* Extended attributes of files and of archive entries. */
#ifndef AGENT_XATTRS_H
#define AGENT_XATTRS_H

#include "archive/tar/tar.h"

/* Adds a file's attributes to its entry. Leaves out those that cannot be read: many file systems have none. */
void xattrs_add(struct tar_entry *entry, int fd);

/* Sets an entry's attributes on a file. A file system without extended attributes gets none. */
void xattrs_set(struct tar_entry *entry, int fd);

#endif
