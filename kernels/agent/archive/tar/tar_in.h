/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that read a tar archive are to each other; what they are to others is in tar.h. */
#ifndef AGENT_TAR_IN_H
#define AGENT_TAR_IN_H

#include "archive/tar/tar.h"

/* What extended headers say of the next entry, in place of its own. */
struct tar_extended {
  char path[TAR_PATH_MAX], link[TAR_PATH_MAX];
  bool has_size, has_uid, has_gid, has_mtime;
  uint64_t size;
  uint32_t uid, gid;
  int64_t mtime;
  uint8_t *xattrs;
  size_t xattrs_length;
};

/* As many bytes as there are before the end, up to length; bytes may be NULL. */
size_t tar_in_take(struct tar_in *in, void *bytes, size_t length);
/* False: the archive ends before. */
bool tar_in_skip(struct tar_in *in, uint64_t length);

/* A block of zeros: the end mark. */
bool tar_header_is_empty(const uint8_t block[TAR_BLOCK]);
/* Whether a block is a header, and then of which type and with how much content. */
bool tar_header_is_sound(const uint8_t block[TAR_BLOCK], char *type_out, uint64_t *size_out);
/* Owner, mode, time, device, path and link of a sound header; false: a number in it is wrong. */
bool tar_header_read(const uint8_t block[TAR_BLOCK], struct tar_entry *entry);

/* pax's headers, and GNU's for long names. */
bool tar_extended_is(char type);
/* Reads the content of one; false: it is damaged, too long, or of a sparse file. extended->xattrs is the caller's to
 * free either way. */
bool tar_extended_take(struct tar_in *in, char type, uint64_t size, struct tar_extended *extended);
/* Puts what was said in place of what the entry's own header says; its xattrs are the entry's from then on. */
void tar_extended_apply(struct tar_extended *extended, struct tar_entry *entry);

#endif
