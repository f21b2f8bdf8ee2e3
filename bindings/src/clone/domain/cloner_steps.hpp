// SPDX-License-Identifier: Apache-2.0
// The steps of making a clone, and the data they share. Each step returns false with the error set.
#pragma once

#include <chrono>

#include "clone/domain/cloner.hpp"

namespace thaw {

/// Measures the time of each step.
class StepClock {
public:
  /// Milliseconds since the last call, or since the start.
  double lap() {
    auto now = std::chrono::steady_clock::now();
    double ms = std::chrono::duration<double, std::milli>(now - last_).count();
    last_ = now;
    return ms;
  }

private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

struct Making {
  const XenHandles &xen;
  const Image &image;
  const CloneSpec &spec;
  Clone *clone;
  CloneError *error;
  StepClock *clock;

  /// Ends a step with the error in errno.
  bool fail(const char *step) const;
  bool fail(const char *step, std::string what) const;
};

/// The clone's p2m list, for each frame of the image: a machine frame (PV) or the frame itself (HVM).
using FrameMap = std::vector<uint64_t>;
constexpr uint64_t kNoFrame = UINT64_MAX;

/// Gives the domain every frame of the image, in the largest possible pieces. A PV domain's machine frames go to
/// `map`.
bool populate(const Making &making, FrameMap *map);

/// Makes everything after the frames.
bool fill_hvm(const Making &making);
bool fill_pv(const Making &making);

} // namespace thaw
