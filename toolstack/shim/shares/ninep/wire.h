// SPDX-License-Identifier: Apache-2.0
/* Reads fields from a request and writes fields to a reply, never beyond either's end. Little-endian, like 9P. */
#ifndef THAW_NINEP_WIRE_H
#define THAW_NINEP_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_HEADER 7u /* size[4] type[1] tag[2] */

struct wire_in {
  const uint8_t *at;
  size_t left;
  bool is_short; /* a requested field was missing and read as 0 */
};

/* Bytes within the request itself: not terminated by NUL, and may contain NUL. */
struct wire_string {
  const char *bytes;
  uint16_t length;
};

uint8_t wire_u8(struct wire_in *in);
uint16_t wire_u16(struct wire_in *in);
uint32_t wire_u32(struct wire_in *in);
uint64_t wire_u64(struct wire_in *in);
struct wire_string wire_string(struct wire_in *in);

/* Returns the next `n` bytes, or NULL if the request has fewer. */
const uint8_t *wire_bytes(struct wire_in *in, size_t n);

/* True if every field was present and nothing follows the last one. Call before acting on any field. */
bool wire_complete(const struct wire_in *in);

struct wire_out {
  uint8_t *at;
  size_t left;
  bool is_full; /* a field did not fit and was left out */
};

void wire_put_u8(struct wire_out *out, uint8_t value);
void wire_put_u16(struct wire_out *out, uint16_t value);
void wire_put_u32(struct wire_out *out, uint32_t value);
void wire_put_u64(struct wire_out *out, uint64_t value);
void wire_put_string(struct wire_out *out, const char *bytes, size_t length);

/* Advances over `n` bytes already written at out->at. */
void wire_put_written(struct wire_out *out, size_t n);

#endif
