// SPDX-License-Identifier: Apache-2.0
/*
 * Reads the entries of an untrusted tar archive: the header, the extended headers that replace parts of it, and the
 * size of the content.
 */
#include "archive/tar/tar_in.h"

#include <stdlib.h>
#include <string.h>

static bool has_content(char type) {
  return type == TAR_FILE || type == '\0' || type == '7';
}

enum tar_next tar_in_next(struct tar_in *in, struct tar_entry *entry, const char **why) {
  struct tar_extended extended = {0};
  uint8_t block[TAR_BLOCK];
  enum tar_next next = TAR_NEXT_BAD;
  uint64_t size;

  *why = "it ends in the middle of an entry";
  if (!tar_in_skip(in, in->left) || (in->padding > 0 && !tar_in_skip(in, in->padding)))
    return TAR_NEXT_BAD;
  in->left = in->padding = 0;
  for (;;) {
    size_t got = tar_in_take(in, block, sizeof block);
    char type;

    if (got == 0 || (got == sizeof block && tar_header_is_empty(block))) {
      next = TAR_NEXT_END;
      goto out;
    }
    if (got != sizeof block)
      goto out;
    *why = "a header is damaged, or it is no tar archive";
    if (!tar_header_is_sound(block, &type, &size))
      goto out;
    if (tar_extended_is(type)) {
      *why = "an extended header is damaged, too long, or of a sparse file";
      if (!tar_extended_take(in, type, size, &extended))
        goto out;
      continue;
    }
    *why = "an entry is of a kind that is not known";
    if (!has_content(type) && (type < TAR_LINK || type > TAR_FIFO))
      goto out;
    *why = "a number in a header is wrong";
    if (!tar_header_read(block, entry))
      goto out;
    entry->size = size;
    tar_extended_apply(&extended, entry);
    entry->type = has_content(type) ? TAR_FILE : (enum tar_type)type;
    /* before tar had types, a slash at the end of the name marked a folder */
    if (entry->type == TAR_FILE && entry->path[0] && entry->path[strlen(entry->path) - 1] == '/')
      entry->type = TAR_FOLDER;
    if (entry->type != TAR_FILE)
      entry->size = 0;
    in->left = entry->size;
    in->padding = (uint32_t)((TAR_BLOCK - entry->size % TAR_BLOCK) % TAR_BLOCK);
    next = TAR_NEXT_ENTRY;
    goto out;
  }
out:
  free(extended.xattrs);
  return next;
}
