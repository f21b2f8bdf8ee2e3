/* SPDX-License-Identifier: Apache-2.0 */
/* A tar archive as a stream: ustar, with pax records for values that do not fit. Also reads GNU's long names and
 * numbers. */
#ifndef AGENT_TAR_H
#define AGENT_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TAR_BLOCK 512
#define TAR_PATH_MAX 4096
#define TAR_EXTENDED_MAX (1u << 20) /* largest extended header: xattrs of 64 KiB, several */
#define TAR_BUFFER (64 * 1024)

enum tar_type {
  TAR_FILE = '0',
  TAR_LINK = '1',
  TAR_SYMLINK = '2',
  TAR_CHAR = '3',
  TAR_BLOCK_DEVICE = '4',
  TAR_FOLDER = '5',
  TAR_FIFO = '6',
};

struct tar_entry {
  enum tar_type type;
  char path[TAR_PATH_MAX], link[TAR_PATH_MAX];
  uint32_t mode, uid, gid, major, minor;
  uint64_t size; /* of a file, else 0 */
  int64_t mtime; /* seconds since 1970 */
  /*
   * pax records "LENGTH SCHILY.xattr.NAME=VALUE
   * ", one after the other; the caller frees them after reading
   */
  uint8_t *xattrs;
  size_t xattrs_length;
};

struct tar_out {
  int fd;
  size_t used;
  uint8_t buffer[TAR_BUFFER];
};

/* Each returns false with errno when the reader takes no more. A file's content follows its entry, then
 * tar_out_pad(). */
bool tar_out_entry(struct tar_out *out, const struct tar_entry *entry);
bool tar_out_bytes(struct tar_out *out, const void *bytes, size_t length);
bool tar_out_pad(struct tar_out *out, uint64_t size); /* fills the content up to whole blocks */
bool tar_out_finish(struct tar_out *out);             /* writes the end mark and flushes the buffer */
bool tar_out_flush(struct tar_out *out);

/* Adds one pax record to a growing buffer; false: out of memory, or more than TAR_EXTENDED_MAX. */
bool tar_record_add(uint8_t **records, size_t *length, const char *key, const void *value, size_t value_length);

struct tar_in {
  int fd;
  uint64_t left;    /* of the entry's content, not read yet */
  uint32_t padding; /* bytes behind the content */
  size_t start, end;
  uint8_t buffer[TAR_BUFFER];
};

enum tar_next { TAR_NEXT_ENTRY, TAR_NEXT_END, TAR_NEXT_BAD };

/* Skips the rest of the current entry and reads the next one. TAR_NEXT_BAD: *why names the error, and no more
 * entries can be read. */
enum tar_next tar_in_next(struct tar_in *in, struct tar_entry *entry, const char **why);

/* Reads up to size bytes of the entry's content; returns 0 at its end, -1 when the archive ends before. */
ssize_t tar_in_read(struct tar_in *in, void *bytes, size_t size);

/* Reads and drops the bytes behind the end mark, so that the sender gets no SIGPIPE. */
void tar_in_drain(struct tar_in *in);

/* Takes the next record off; false: there are no more. name and value point into the records. */
bool tar_record_next(uint8_t **records, size_t *length, char **name_out, uint8_t **value_out, size_t *value_length_out);

#define TAR_XATTR_PREFIX "SCHILY.xattr."

#endif
