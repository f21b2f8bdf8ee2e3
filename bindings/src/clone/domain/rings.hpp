// SPDX-License-Identifier: Apache-2.0
// Restores the agent's channels and the vif in a clone. Their pages come with the template's memory; their grants and
// event channels are made here (kernels/agent/transport/vchan_keep.c, kernels/linux/patches/vif-kept.patch). Neither
// side then has to look for them in xenstore.
#pragma once

#include "clone/domain/page_writer.hpp"

namespace thaw {

class Rings {
public:
  /// `map` is a PV clone's p2m list, nullptr for an HVM clone.
  Rings(const Making &making, const FrameMap *map) : making_(making), map_(map) {
  }

  /// Writes three pages over the template's: the page that wakes the agent, the page of xenstore's ring (the frame
  /// `store_frame`), and the page of the vif's transmit ring. Sets the grants to dom0 for the end of writing. Does
  /// nothing for a clone without rings.
  bool add(PageWriter *writer, uint64_t store_frame);

private:
  bool find(uint64_t pfn, uint64_t *frame) const;
  bool grant(PageWriter *writer, const std::vector<thaw_ring_page> &pages) const;
  bool copy(const thaw_ring_page &page, size_t index);
  bool add_vif(PageWriter *writer);

  const Making &making_;
  const FrameMap *map_;
  PageStore pages_;
};

} // namespace thaw
