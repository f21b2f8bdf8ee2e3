// SPDX-License-Identifier: Apache-2.0
// Writes struct thaw_wake (kernels/agent/proto.h) near the end of the control ring's page, for the agent, and struct
// thaw_vif_wake for the front end.

#include "clone/domain/rings.hpp"

#include <cerrno>
#include <cstddef>
#include <cstring>

extern "C" {
#include <xen/io/netif.h>
#include <xen/io/xs_wire.h>
}

#include "util/stream/stream_format.hpp"

namespace thaw {
namespace {

/// Indices of the clone's own pages in the store.
constexpr size_t kControlPage = 0, kStorePage = 1, kVifPage = 2, kPages = 3;

} // namespace

bool Rings::find(uint64_t pfn, uint64_t *frame) const {
  if (!making_.image.has_frame(pfn))
    return making_.fail("Rings", "a ring's page is not in the image's memory");
  *frame = map_ != nullptr ? (*map_)[pfn] : pfn;
  return true;
}

bool Rings::grant(PageWriter *writer, const std::vector<thaw_ring_page> &pages) const {
  uint64_t frame = 0;
  for (const thaw_ring_page &page : pages) {
    if (!find(page.frame, &frame) || !writer->leave_grant(page.ref, frame))
      return false;
  }
  return true;
}

/// Copies the template's page into the clone's own.
bool Rings::copy(const thaw_ring_page &page, size_t index) {
  const uint8_t *from = making_.image.contents(page.frame);
  if (from == nullptr)
    return making_.fail("Rings", "a ring's first page is empty in the image");
  memcpy(pages_.page(index), from, kPage);
  return true;
}

bool Rings::add(PageWriter *writer, uint64_t store_frame) {
  const std::vector<thaw_ring_page> &rings = making_.spec.rings;
  uint64_t frame = 0;
  if (rings.empty())
    return true;
  if (!grant(writer, rings))
    return false;
  if (!pages_.allocate(kPages)) {
    errno = ENOMEM;
    return making_.fail("PageStore");
  }
  if (!copy(rings[0], kControlPage))
    return false;
  const thaw_wake wake = {THAW_PROTO_MAGIC, making_.clone->control_port, making_.clone->data_port, 0};
  static_assert(THAW_WAKE_OFFSET + sizeof wake <= kPage);
  memcpy(pages_.page(kControlPage) + THAW_WAKE_OFFSET, &wake, sizeof wake);
  // xenstored empties this ring when the domain is introduced. Until then the guest must not write to it.
  memset(pages_.page(kStorePage), 0, kPage);
  reinterpret_cast<xenstore_domain_interface *>(pages_.page(kStorePage))->connection = XENSTORE_RECONNECT;
  return find(rings[0].frame, &frame) && writer->add(frame, pages_, kControlPage) &&
         writer->add(store_frame, pages_, kStorePage) && add_vif(writer);
}

bool Rings::add_vif(PageWriter *writer) {
  const std::vector<thaw_ring_page> &vif = making_.spec.vif;
  uint64_t frame = 0;
  if (vif.empty())
    return true;
  if (!grant(writer, vif) || !copy(vif[0], kVifPage))
    return false;
  const thaw_vif_wake wake = {THAW_PROTO_MAGIC, making_.clone->vif_tx_port, making_.clone->vif_rx_port, 0};
  static_assert(offsetof(netif_tx_sring_t, __pad) <= THAW_VIF_WAKE_OFFSET);
  static_assert(THAW_VIF_WAKE_OFFSET + sizeof wake <= offsetof(netif_tx_sring_t, ring));
  memcpy(pages_.page(kVifPage) + THAW_VIF_WAKE_OFFSET, &wake, sizeof wake);
  return find(vif[0].frame, &frame) && writer->add(frame, pages_, kVifPage);
}

} // namespace thaw
