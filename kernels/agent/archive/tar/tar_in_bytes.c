// SPDX-License-Identifier: Apache-2.0
/* Reads the bytes of an archive through a buffer. */
#include "archive/tar/tar_in.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* False: the archive ends. */
static bool fill(struct tar_in *in) {
  ssize_t got;

  in->start = in->end = 0;
  do
    got = read(in->fd, in->buffer, sizeof in->buffer);
  while (got < 0 && errno == EINTR);
  if (got > 0)
    in->end = (size_t)got;
  return got > 0;
}

size_t tar_in_take(struct tar_in *in, void *bytes, size_t length) {
  size_t done = 0;

  while (done < length && (in->start < in->end || fill(in))) {
    size_t part = in->end - in->start;

    if (part > length - done)
      part = length - done;
    if (bytes)
      memcpy((uint8_t *)bytes + done, in->buffer + in->start, part);
    in->start += part;
    done += part;
  }
  return done;
}

bool tar_in_skip(struct tar_in *in, uint64_t length) {
  while (length > 0) {
    size_t part = length > TAR_BUFFER ? TAR_BUFFER : (size_t)length;

    if (tar_in_take(in, NULL, part) != part)
      return false;
    length -= part;
  }
  return true;
}

ssize_t tar_in_read(struct tar_in *in, void *bytes, size_t size) {
  size_t wanted = in->left < size ? (size_t)in->left : size, got;

  if (wanted == 0)
    return 0;
  got = tar_in_take(in, bytes, wanted);
  in->left -= got;
  return got == wanted ? (ssize_t)got : -1;
}

void tar_in_drain(struct tar_in *in) {
  while (fill(in))
    ;
}
