// SPDX-License-Identifier: Apache-2.0
/* Reads fields from a request and writes fields to a reply (wire.h). */
#include "shares/ninep/wire.h"

#include <endian.h>
#include <string.h>

const uint8_t *wire_bytes(struct wire_in *in, size_t n) {
  const uint8_t *bytes = in->at;

  if (in->is_short || n > in->left) {
    in->is_short = true;
    return NULL;
  }
  in->at += n;
  in->left -= n;
  return bytes;
}

static void take(struct wire_in *in, void *value, size_t n) {
  const uint8_t *bytes = wire_bytes(in, n);

  if (bytes != NULL)
    memcpy(value, bytes, n);
}

uint8_t wire_u8(struct wire_in *in) {
  uint8_t value = 0;

  take(in, &value, sizeof value);
  return value;
}

uint16_t wire_u16(struct wire_in *in) {
  uint16_t value = 0;

  take(in, &value, sizeof value);
  return le16toh(value);
}

uint32_t wire_u32(struct wire_in *in) {
  uint32_t value = 0;

  take(in, &value, sizeof value);
  return le32toh(value);
}

uint64_t wire_u64(struct wire_in *in) {
  uint64_t value = 0;

  take(in, &value, sizeof value);
  return le64toh(value);
}

struct wire_string wire_string(struct wire_in *in) {
  struct wire_string string = {"", 0};
  uint16_t length = wire_u16(in);
  const uint8_t *bytes = wire_bytes(in, length);

  if (bytes != NULL)
    string = (struct wire_string){(const char *)bytes, length};
  return string;
}

bool wire_complete(const struct wire_in *in) {
  return !in->is_short && in->left == 0;
}

static void put(struct wire_out *out, const void *value, size_t n) {
  if (out->is_full || n > out->left) {
    out->is_full = true;
    return;
  }
  if (n > 0)
    memcpy(out->at, value, n);
  out->at += n;
  out->left -= n;
}

void wire_put_u8(struct wire_out *out, uint8_t value) {
  put(out, &value, sizeof value);
}

void wire_put_u16(struct wire_out *out, uint16_t value) {
  value = htole16(value);
  put(out, &value, sizeof value);
}

void wire_put_u32(struct wire_out *out, uint32_t value) {
  value = htole32(value);
  put(out, &value, sizeof value);
}

void wire_put_u64(struct wire_out *out, uint64_t value) {
  value = htole64(value);
  put(out, &value, sizeof value);
}

void wire_put_string(struct wire_out *out, const char *bytes, size_t length) {
  if (length > UINT16_MAX || out->left < 2 || length > out->left - 2) {
    out->is_full = true;
    return;
  }
  wire_put_u16(out, (uint16_t)length);
  put(out, bytes, length);
}

void wire_put_written(struct wire_out *out, size_t n) {
  if (out->is_full || n > out->left) {
    out->is_full = true;
    return;
  }
  out->at += n;
  out->left -= n;
}
