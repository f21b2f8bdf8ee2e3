// SPDX-License-Identifier: Apache-2.0
// What the steps of making a clone share. Each returns false with the error set.
#pragma once

#include "clone/cloner.hpp"

namespace thaw {

struct Making {
  const XenHandles &xen;
  const Image &image;
  const CloneSpec &spec;
  Clone *clone;
  CloneError *error;

  /// Ends a step with what errno says.
  bool fail(const char *step) const;
  bool fail(const char *step, std::string what) const;
};

/// The clone's p2m list: a machine frame (PV) or the frame itself (HVM) for each frame the image has.
using FrameMap = std::vector<uint64_t>;
constexpr uint64_t kNoFrame = UINT64_MAX;

/// Gives the domain every frame of the image, in 2 MiB pieces where it can. A PV domain's machine frames go to `map`.
bool populate(const Making &making, FrameMap *map);

/// Everything from the frames on.
bool fill_hvm(const Making &making);
bool fill_pv(const Making &making);

} // namespace thaw
