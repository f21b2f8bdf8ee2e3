// SPDX-License-Identifier: Apache-2.0
// Gives a domain its frames.

#include <algorithm>

#include "clone/domain/cloner_steps.hpp"

namespace thaw {
namespace {

/// 2 MiB, the largest extent that a toolstack requests.
constexpr unsigned kTopOrder = 9;
/// libxenctrl copies this many extents at a time without trouble.
constexpr size_t kBatch = 1024;

class Populator {
public:
  Populator(const Making &making, FrameMap *map) : making_(making), map_(map) {
  }

  /// Begins with the largest pieces. Xen allocates each piece at once; a piece that Xen cannot allocate is split into
  /// the next smaller size.
  bool run() {
    const std::vector<Frame> &frames = making_.image.frames;
    for (size_t i = 0; i < frames.size();) {
      unsigned order = kTopOrder;
      while (!starts_piece(frames, i, order))
        order--;
      pieces_[order].push_back(frames[i].pfn);
      i += size_t(1) << order;
    }
    for (unsigned order = kTopOrder; order > 0; order--) {
      if (!give(order))
        return false;
    }
    std::sort(pieces_[0].begin(), pieces_[0].end());
    return give_last();
  }

private:
  static bool starts_piece(const std::vector<Frame> &frames, size_t i, unsigned order) {
    size_t count = size_t(1) << order;
    return frames[i].pfn % count == 0 && i + count <= frames.size() &&
           frames[i + count - 1].pfn == frames[i].pfn + count - 1;
  }

  /// Splits pieces in halves where free memory is too scattered for them.
  bool give(unsigned order) {
    const std::vector<uint64_t> &wanted = pieces_[order];
    std::vector<xen_pfn_t> extents(wanted.begin(), wanted.end());
    int done = extents.empty() ? 0
                               : xc_domain_populate_physmap(making_.xen.xch, making_.clone->domid, extents.size(),
                                                            order, 0, extents.data());
    if (done < 0)
      return making_.fail("xc_domain_populate_physmap");
    size_t half = size_t(1) << (order - 1);
    for (size_t i = 0; i < wanted.size(); i++) {
      if (i < size_t(done)) {
        note(wanted[i], extents[i], 2 * half);
      } else {
        pieces_[order - 1].push_back(wanted[i]);
        pieces_[order - 1].push_back(wanted[i] + half);
      }
    }
    return true;
  }

  bool give_last() {
    const std::vector<uint64_t> &wanted = pieces_[0];
    for (size_t at = 0; at < wanted.size(); at += kBatch) {
      size_t count = std::min(kBatch, wanted.size() - at);
      std::vector<xen_pfn_t> extents(wanted.begin() + long(at), wanted.begin() + long(at + count));
      int done = xc_domain_populate_physmap(making_.xen.xch, making_.clone->domid, count, 0, 0, extents.data());
      if (done >= 0 && size_t(done) < count) {
        size_t missing_kib = (wanted.size() - at - size_t(done)) * 4;
        return making_.fail("xc_domain_populate_physmap",
                            "Xen has " + std::to_string(missing_kib) + " KiB too little free memory");
      }
      if (done < 0)
        return making_.fail("xc_domain_populate_physmap");
      for (size_t i = 0; i < count; i++)
        note(wanted[at + i], extents[i], 1);
    }
    return true;
  }

  /// Only a PV domain's pieces come back as machine frames.
  void note(uint64_t pfn, uint64_t frame, size_t count) {
    for (size_t k = 0; map_ != nullptr && k < count; k++)
      (*map_)[pfn + k] = frame + k;
  }

  const Making &making_;
  FrameMap *map_;
  std::vector<uint64_t> pieces_[kTopOrder + 1]; ///< The first frame of each piece, by order.
};

} // namespace

bool populate(const Making &making, FrameMap *map) {
  if (map != nullptr)
    map->assign(making.image.max_pfn + 1, kNoFrame);
  return Populator(making, map).run();
}

} // namespace thaw
