/* SPDX-License-Identifier: Apache-2.0 */
/* Functions and data that the files of the tar reader share. tar.h has the interface for other files. */
#ifndef AGENT_TAR_IN_H
#define AGENT_TAR_IN_H

#include "archive/tar/tar.h"

/* Values of extended headers, which replace those of the next entry's own header. */
struct tar_extended {
  char path[TAR_PATH_MAX], link[TAR_PATH_MAX];
  bool has_size, has_uid, has_gid, has_mtime;
  uint64_t size;
  uint32_t uid, gid;
  int64_t mtime;
  uint8_t *xattrs;
  size_t xattrs_length;
};

/* Reads up to length bytes and returns how many; fewer only at the archive's end. bytes may be NULL. */
size_t tar_in_take(struct tar_in *in, void *bytes, size_t length);
/* False: the archive ends before. */
bool tar_in_skip(struct tar_in *in, uint64_t length);

/* Returns true for a block of zeros, the end mark. */
bool tar_header_is_empty(const uint8_t block[TAR_BLOCK]);
/* Returns true if a block is a valid header, and gives its type and the size of its content. */
bool tar_header_is_sound(const uint8_t block[TAR_BLOCK], char *type_out, uint64_t *size_out);
/* Reads owner, mode, time, device, path and link of a valid header; false: a number in it is malformed. */
bool tar_header_read(const uint8_t block[TAR_BLOCK], struct tar_entry *entry);

/* Returns true for pax's headers and for GNU's long names. */
bool tar_extended_is(char type);
/* Reads the content of an extended header; false: the content is damaged, too long, or describes a sparse file.
 * The caller frees extended->xattrs either way. */
bool tar_extended_take(struct tar_in *in, char type, uint64_t size, struct tar_extended *extended);
/* Overrides the values of the entry's own header. The entry owns the xattrs from then on. */
void tar_extended_apply(struct tar_extended *extended, struct tar_entry *entry);

#endif
