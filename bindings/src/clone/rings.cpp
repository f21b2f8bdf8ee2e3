// SPDX-License-Identifier: Apache-2.0
// What the agent finds is struct thaw_wake (kernels/agent/proto.h), near the end of its control ring's page.

#include "clone/rings.hpp"

#include <cerrno>
#include <cstring>

extern "C" {
#include <xen/io/xs_wire.h>
}

#include "util/stream_format.hpp"

namespace thaw {

bool Rings::find(uint64_t pfn, uint64_t *frame) const {
  if (!making_.image.has_frame(pfn))
    return making_.fail("Rings", "a ring's page is not in the image's memory");
  *frame = map_ != nullptr ? (*map_)[pfn] : pfn;
  return true;
}

bool Rings::add(PageWriter *writer, uint64_t store_frame) {
  const std::vector<thaw_ring_page> &pages = making_.spec.rings;
  uint64_t frame = 0;
  if (pages.empty())
    return true;
  for (const thaw_ring_page &page : pages) {
    if (!find(page.frame, &frame) || !writer->leave_grant(page.ref, frame))
      return false;
  }
  if (!page_.allocate(2)) {
    errno = ENOMEM;
    return making_.fail("PageStore");
  }
  const uint8_t *from = making_.image.contents(pages[0].frame);
  if (from == nullptr)
    return making_.fail("Rings", "the control ring's page is empty in the image");
  memcpy(page_.page(0), from, kPage);
  const thaw_wake wake = {THAW_PROTO_MAGIC, making_.clone->control_port, making_.clone->data_port, 0};
  static_assert(THAW_WAKE_OFFSET + sizeof wake <= kPage);
  memcpy(page_.page(0) + THAW_WAKE_OFFSET, &wake, sizeof wake);
  // xenstored empties this ring as the domain is introduced: until then the guest must not write to it.
  memset(page_.page(1), 0, kPage);
  reinterpret_cast<xenstore_domain_interface *>(page_.page(1))->connection = XENSTORE_RECONNECT;
  return find(pages[0].frame, &frame) && writer->add(frame, page_, 0) && writer->add(store_frame, page_, 1);
}

} // namespace thaw
