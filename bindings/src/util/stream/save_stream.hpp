// SPDX-License-Identifier: Apache-2.0
// A descriptor that libxl reads a save stream from or writes one to. It avoids two cases that libxl (4.20) does not
// survive: when a stream fails, or is aborted, before the save helper has started, libxl calls the helper's
// completion callback, which is not set yet (libxl__save_helper_abort). So a stream is checked beforehand, and
// aborting waits until its first 24 bytes have passed.
#pragma once

#include <sys/types.h>

namespace thaw {

class SaveStream {
public:
  /// Owns the descriptor.
  explicit SaveStream(int fd) : fd_(fd) {
  }
  ~SaveStream();
  SaveStream(const SaveStream &) = delete;
  SaveStream &operator=(const SaveStream &) = delete;

  int fd() const {
    return fd_;
  }

  /// Checks that the data at the descriptor's offset begins like libxl's own streams. Returns nullptr, or the fault.
  /// Notes the offset.
  const char *check_readable();
  /// Checks that a stream can be written at the descriptor's offset: writes its first bytes, without moving the
  /// offset. Returns errno or 0.
  int check_writable();
  /// True when the head has passed, so that the helper runs or has run.
  bool is_past_head() const;

private:
  const int fd_;
  off_t start_ = -1;
};

} // namespace thaw
