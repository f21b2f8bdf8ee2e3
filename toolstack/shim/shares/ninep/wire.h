// SPDX-License-Identifier: Apache-2.0
/* How fields are taken out of a request and put into a reply, never beyond either's end. Little-endian, as 9P is. */
#ifndef THAW_NINEP_WIRE_H
#define THAW_NINEP_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_HEADER 7u /* size[4] type[1] tag[2] */

struct wire_in {
  const uint8_t *at;
  size_t left;
  bool is_short; /* a field was asked for that is not there; it read as 0 */
};

/* Bytes in the request itself: no NUL ends them, and there may be some among them. */
struct wire_string {
  const char *bytes;
  uint16_t length;
};

uint8_t wire_u8(struct wire_in *in);
uint16_t wire_u16(struct wire_in *in);
uint32_t wire_u32(struct wire_in *in);
uint64_t wire_u64(struct wire_in *in);
struct wire_string wire_string(struct wire_in *in);

/* `n` bytes, NULL where they are not there. */
const uint8_t *wire_bytes(struct wire_in *in, size_t n);

/* Whether every field was there, and nothing after the last one. To be asked before any of them is acted on. */
bool wire_complete(const struct wire_in *in);

struct wire_out {
  uint8_t *at;
  size_t left;
  bool is_full; /* something did not fit and was left out */
};

void wire_put_u8(struct wire_out *out, uint8_t value);
void wire_put_u16(struct wire_out *out, uint16_t value);
void wire_put_u32(struct wire_out *out, uint32_t value);
void wire_put_u64(struct wire_out *out, uint64_t value);
void wire_put_string(struct wire_out *out, const char *bytes, size_t length);

/* Moves on over `n` bytes that were written at out->at. */
void wire_put_written(struct wire_out *out, size_t n);

#endif
