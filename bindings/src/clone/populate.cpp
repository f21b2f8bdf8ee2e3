// SPDX-License-Identifier: Apache-2.0
// How a domain gets its frames.

#include <algorithm>

#include "clone/steps.hpp"

namespace thaw {
namespace {

constexpr unsigned kBigOrder = 9;
constexpr size_t kBig = size_t(1) << kBigOrder;
/// As many extents as libxenctrl copies at a time without trouble.
constexpr size_t kBatch = 1024;

class Populator {
public:
  Populator(const Making &making, FrameMap *map) : making_(making), map_(map) {
  }

  bool run() {
    const std::vector<Frame> &frames = making_.image.frames;
    for (size_t i = 0; i < frames.size();) {
      bool is_big = frames[i].pfn % kBig == 0 && i + kBig <= frames.size() &&
                    frames[i + kBig - 1].pfn == frames[i].pfn + kBig - 1;
      (is_big ? big_ : small_).push_back(frames[i].pfn);
      i += is_big ? kBig : 1;
    }
    if (!give_big())
      return false;
    std::sort(small_.begin(), small_.end());
    return give_small();
  }

private:
  /// Where memory is too scattered for a big piece, its frames join the small ones.
  bool give_big() {
    std::vector<xen_pfn_t> extents(big_.begin(), big_.end());
    int done = extents.empty() ? 0
                               : xc_domain_populate_physmap(making_.xen.xch, making_.clone->domid, extents.size(),
                                                            kBigOrder, 0, extents.data());
    if (done < 0)
      return making_.fail("xc_domain_populate_physmap");
    for (size_t i = 0; i < big_.size(); i++) {
      for (size_t k = 0; k < kBig; k++) {
        if (i < size_t(done))
          note(big_[i] + k, extents[i] + k);
        else
          small_.push_back(big_[i] + k);
      }
    }
    return true;
  }

  bool give_small() {
    for (size_t at = 0; at < small_.size(); at += kBatch) {
      size_t count = std::min(kBatch, small_.size() - at);
      std::vector<xen_pfn_t> extents(small_.begin() + long(at), small_.begin() + long(at + count));
      int done = xc_domain_populate_physmap(making_.xen.xch, making_.clone->domid, count, 0, 0, extents.data());
      if (done >= 0 && size_t(done) < count) {
        size_t missing_kib = (small_.size() - at - size_t(done)) * 4;
        return making_.fail("xc_domain_populate_physmap",
                            "Xen has " + std::to_string(missing_kib) + " KiB too little free memory");
      }
      if (done < 0)
        return making_.fail("xc_domain_populate_physmap");
      for (size_t i = 0; i < count; i++)
        note(small_[at + i], extents[i]);
    }
    return true;
  }

  void note(uint64_t pfn, uint64_t frame) {
    if (map_ != nullptr)
      (*map_)[pfn] = frame;
  }

  const Making &making_;
  FrameMap *map_;
  std::vector<uint64_t> big_, small_;
};

} // namespace

bool populate(const Making &making, FrameMap *map) {
  if (map != nullptr)
    map->assign(making.image.max_pfn + 1, kNoFrame);
  return Populator(making, map).run();
}

} // namespace thaw
