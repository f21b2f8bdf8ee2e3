/* SPDX-License-Identifier: Apache-2.0 */
/* Functions and data that the files of the packing side share. */
#ifndef AGENT_PACK_H
#define AGENT_PACK_H

#include "archive/archive.h"
#include "archive/links.h"

#include <sys/stat.h>

struct packing {
  struct tar_out out;
  struct tar_entry entry;
  struct links links;
  bool is_layer; /* write whiteouts in the form of image layers, not in that of overlayfs */
};

/* Reports that the archive cannot be written any more. Always returns false. */
bool pack_lost(void);

/* Each writes one entry, whose path is packing->entry.path; pack_empty() writes an empty file. False: the function
 * has reported the error. */
bool pack_empty(struct packing *packing);
bool pack_file(struct packing *packing, int fd, const struct stat *status);
/* Writes a folder's own entry, without its content. */
bool pack_folder(struct packing *packing, int fd, const struct stat *status);
/* Writes a hard link to a file that the archive contains already. */
bool pack_link(struct packing *packing, const struct stat *status, const char *first);
bool pack_symlink(struct packing *packing, int folder, const char *name, const struct stat *status);
bool pack_device(struct packing *packing, const struct stat *status);

/* Packs the node of that name and everything below it; the entry's path is already set. Leaves out a node that has
 * gone meanwhile. False: the function has reported the error. */
bool pack_node(struct packing *packing, int folder, const char *name);
/* Packs an open file or folder and closes the descriptor. */
bool pack_open(struct packing *packing, int fd, const struct stat *status);

#endif
