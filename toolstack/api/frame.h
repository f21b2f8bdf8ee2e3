// SPDX-License-Identifier: Apache-2.0
/*
 * How the C programs cut a byte stream into frames of kernels/agent/proto.h, and walk the fields of a
 * payload. Bytes in, callbacks out, no I/O; a payload is only gathered whole where the receiver asks for it.
 */
#ifndef THAW_FRAME_H
#define THAW_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/agent/proto.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "frames are copied as they lie in memory");
_Static_assert(sizeof(struct thaw_frame) == 16, "a frame's header is 16 bytes on the wire");

enum frame_verdict {
  FRAME_BAD = -1,   /* the peer broke the protocol: the stream is of no more use */
  FRAME_GATHER = 0, /* collect the payload, then call whole() */
  FRAME_PIECES = 1, /* hand the payload on to piece() as it comes, then call whole() with NULL */
};

/* A receiver's handlers of frames. head() must have checked length, type and id before it returns. */
struct frame_sink {
  enum frame_verdict (*head)(void *ctx, const struct thaw_frame *frame);
  int (*piece)(void *ctx, const struct thaw_frame *frame, const uint8_t *bytes, size_t n); /* not 0: bad */
  int (*whole)(void *ctx, const struct thaw_frame *frame, const uint8_t *payload);         /* not 0: bad */
};

struct frame_reader {
  union {
    struct thaw_frame frame;
    uint8_t bytes[sizeof(struct thaw_frame)];
  } head;
  uint32_t head_have;
  uint32_t payload_have;
  enum frame_verdict verdict;
  uint8_t *payload; /* only while gathering; frame.length bytes */
};

static inline void frame_reader_free(struct frame_reader *reader) {
  free(reader->payload);
  memset(reader, 0, sizeof *reader);
}

/* Takes the next n bytes of a stream. 0, or -1 when a callback refused one of them or memory ran out. */
static inline int frame_reader_feed(struct frame_reader *reader, const struct frame_sink *sink, void *ctx,
                                    const uint8_t *bytes, size_t n) {
  const struct thaw_frame *frame = &reader->head.frame;

  for (;;) {
    if (reader->head_have < sizeof reader->head.bytes) {
      size_t want = sizeof reader->head.bytes - reader->head_have;
      size_t take = n < want ? n : want;

      memcpy(reader->head.bytes + reader->head_have, bytes, take);
      reader->head_have += (uint32_t)take;
      bytes += take;
      n -= take;
      if (take < want)
        return 0;
      reader->payload_have = 0;
      reader->verdict = sink->head(ctx, frame);
      if (reader->verdict == FRAME_BAD)
        return -1;
      if (reader->verdict == FRAME_GATHER && frame->length > 0) {
        reader->payload = malloc(frame->length);
        if (reader->payload == NULL)
          return -1;
      }
    }
    uint32_t want = frame->length - reader->payload_have;
    uint32_t take = n < want ? (uint32_t)n : want;

    if (take > 0 && reader->verdict == FRAME_GATHER)
      memcpy(reader->payload + reader->payload_have, bytes, take);
    else if (take > 0 && sink->piece(ctx, frame, bytes, take) != 0)
      return -1;
    reader->payload_have += take;
    bytes += take;
    n -= take;
    if (take < want)
      return 0;

    int bad = sink->whole(ctx, frame, reader->payload);

    free(reader->payload);
    reader->payload = NULL;
    reader->head_have = 0;
    if (bad != 0)
      return -1;
    if (n == 0)
      return 0;
  }
}

/* The rest of a payload, from which fields are taken one after the other. */
struct fields {
  const uint8_t *at;
  size_t left;
};

/* Takes the next field; false when there is none or it is longer than its message. */
static inline bool fields_next(struct fields *fields, const uint8_t **bytes_out, uint32_t *length_out) {
  uint32_t length;

  if (fields->left < sizeof length)
    return false;
  memcpy(&length, fields->at, sizeof length);
  if (length > fields->left - sizeof length)
    return false;
  *bytes_out = fields->at + sizeof length;
  *length_out = length;
  fields->at += sizeof length + length;
  fields->left -= sizeof length + length;
  return true;
}

/* Takes the next field as a string of its own (free it); NULL when there is none or it holds a NUL. */
static inline char *fields_next_string(struct fields *fields) {
  const uint8_t *bytes;
  uint32_t length;

  if (!fields_next(fields, &bytes, &length) || memchr(bytes, 0, length) != NULL)
    return NULL;
  return strndup((const char *)bytes, length);
}

#endif
