// SPDX-License-Identifier: Apache-2.0
// Finds the error lines of libxl's log that belong to a failed call. libxl does not say, so a line is matched by the
// call that was being started when it came, and by the `Domain N:` that it begins with. Libxl thread only.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace thaw {

class OpLog {
public:
  /// A position in the log; details() looks from it on.
  uint64_t mark() const {
    return next_;
  }

  /// `op` is the call being started, nullptr while libxl handles events.
  void add(const std::string &text, const void *op);

  /// Returns this call's lines since `mark`: lines that came while it was started, lines that name its domain, and
  /// lines that name no domain of `others`. `domid` is -1 for a call that has no domain yet.
  std::vector<std::string> details(uint64_t mark, const void *op, int64_t domid,
                                   const std::vector<int64_t> &others) const;

private:
  struct Line {
    uint64_t number;
    const void *op;
    int64_t domid; ///< -1: the line names no domain.
    std::string text;
  };

  static constexpr size_t kKept = 200, kDetails = 16;
  std::deque<Line> lines_;
  uint64_t next_ = 0;
};

} // namespace thaw
