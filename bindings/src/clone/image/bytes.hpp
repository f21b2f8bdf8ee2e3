// SPDX-License-Identifier: Apache-2.0
// A range of bytes that is read from its front, never past its end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace thaw {

class Bytes {
public:
  Bytes(const uint8_t *data, size_t length) : data_(data), length_(length) {
  }

  size_t left() const {
    return length_;
  }
  const uint8_t *data() const {
    return data_;
  }

  /// Copies a value out and advances. False when there are too few bytes.
  template <typename T> bool take(T *value) {
    if (length_ < sizeof(T))
      return false;
    memcpy(value, data_, sizeof(T));
    return skip(sizeof(T));
  }

  /// Takes the next `length` bytes as a range of their own.
  bool take(size_t length, Bytes *part) {
    if (length_ < length)
      return false;
    *part = Bytes(data_, length);
    return skip(length);
  }

  bool skip(size_t length) {
    if (length_ < length)
      return false;
    data_ += length;
    length_ -= length;
    return true;
  }

  /// Takes the remaining bytes as whole values. False when their length is no multiple of a value's size.
  template <typename T> bool take_all(std::vector<T> *values) {
    if (length_ % sizeof(T) != 0)
      return false;
    values->resize(length_ / sizeof(T));
    if (length_ > 0)
      memcpy(values->data(), data_, length_);
    return skip(length_);
  }

private:
  const uint8_t *data_;
  size_t length_;
};

} // namespace thaw
