/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that make an archive are to each other. */
#ifndef AGENT_PACK_H
#define AGENT_PACK_H

#include "archive/archive.h"
#include "archive/links.h"

#include <sys/stat.h>

struct packing {
  struct tar_out out;
  struct tar_entry entry;
  struct links links;
  bool is_layer; /* whiteouts as images have them, in place of overlayfs's */
};

/* The archive cannot be written any more: says so. Always false. */
bool pack_lost(void);

/* Each writes one entry, as which packing->entry.path is set; pack_empty() that of an empty file. False: it has
 * complained. */
bool pack_empty(struct packing *packing);
bool pack_file(struct packing *packing, int fd, const struct stat *status);
/* A folder's own entry, without what is in it. */
bool pack_folder(struct packing *packing, int fd, const struct stat *status);
/* A second name of a file that the archive has already. */
bool pack_link(struct packing *packing, const struct stat *status, const char *first);
bool pack_symlink(struct packing *packing, int folder, const char *name, const struct stat *status);
bool pack_device(struct packing *packing, const struct stat *status);

/* The node of that name, as which the entry's path is set, with all below it. One that has gone meanwhile is left out.
 * False: it has complained. */
bool pack_node(struct packing *packing, int folder, const char *name);
/* What is open already: a file or a folder. The descriptor is closed. */
bool pack_open(struct packing *packing, int fd, const struct stat *status);

#endif
