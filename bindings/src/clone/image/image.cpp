// SPDX-License-Identifier: Apache-2.0
// Looks up frames in an image.

#include "clone/image/image.hpp"

#include <algorithm>

namespace thaw {

const uint8_t *Image::contents(uint64_t pfn) const {
  auto at = std::lower_bound(pfns.begin(), pfns.end(), pfn);
  return at != pfns.end() && *at == pfn ? pages.page(size_t(at - pfns.begin())) : nullptr;
}

bool Image::has_frame(uint64_t pfn) const {
  auto at = std::lower_bound(frames.begin(), frames.end(), pfn, [](const Frame &f, uint64_t n) { return f.pfn < n; });
  return at != frames.end() && at->pfn == pfn;
}

} // namespace thaw
