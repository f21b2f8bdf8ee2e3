// SPDX-License-Identifier: Apache-2.0
// A descriptor that closes at the end of its scope.
#pragma once

#include <unistd.h>

namespace thaw {

class Fd {
public:
  explicit Fd(int fd) : fd_(fd) {
  }
  ~Fd() {
    if (fd_ >= 0)
      close(fd_);
  }
  Fd(const Fd &) = delete;
  Fd &operator=(const Fd &) = delete;
  operator int() const {
    return fd_;
  }

private:
  int fd_;
};

} // namespace thaw
