// SPDX-License-Identifier: Apache-2.0
// Writes grant entries of version 1 (xen/grant_table.h), the version of a new domain's table.

#include "clone/domain/page_writer.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/mman.h>

#include "util/stream/stream_format.hpp"

namespace thaw {
namespace {

/// The most frames of a grant table: keptRings() in toolstack/agent/freeze-rings.ts refuses references beyond them.
constexpr size_t kFramesMost = 4;

} // namespace

PageWriter::~PageWriter() {
  if (resource_ == nullptr)
    return;
  clear();
  xenforeignmemory_unmap_resource(making_.xen.memory, resource_);
}

void PageWriter::clear() {
  memset(entries_ + GNTTAB_NR_RESERVED_ENTRIES, 0, used_ * sizeof *entries_);
  used_ = 0;
}

bool PageWriter::open() {
  void *table = nullptr;
  // A guest with more grants than the first frame holds had its table grown. A clone uses the same grant numbers.
  uint32_t most = 0;
  for (const auto *pages : {&making_.spec.rings, &making_.spec.vif}) {
    for (const thaw_ring_page &page : *pages)
      most = std::max(most, page.ref);
  }
  size_t frames = std::min(size_t(most) / kPerFrame, kFramesMost - 1) + 1;
  resource_ = xenforeignmemory_map_resource(making_.xen.memory, domid_t(making_.clone->domid),
                                            XENMEM_resource_grant_table, XENMEM_resource_grant_table_id_shared, 0,
                                            frames, &table, PROT_READ | PROT_WRITE, 0);
  if (resource_ == nullptr)
    return making_.fail("xenforeignmemory_map_resource");
  entries_ = static_cast<grant_entry_v1_t *>(table);
  count_ = frames * kPerFrame;
  segments_.reserve(kGrants);
  return true;
}

void PageWriter::put(uint64_t frame, const PageStore &store, size_t index) {
  size_t ref = GNTTAB_NR_RESERVED_ENTRIES + segments_.size();
  entries_[ref].frame = uint32_t(frame);
  entries_[ref].domid = 0;
  entries_[ref].flags = GTF_permit_access;
  xengnttab_grant_copy_segment_t segment = {};
  segment.flags = GNTCOPY_dest_gref;
  if (store.is_granted()) {
    segment.source.foreign.ref = store.ref(index);
    segment.source.foreign.domid = DOMID_SELF;
    segment.flags |= GNTCOPY_source_gref;
  } else {
    segment.source.virt = store.page(index);
  }
  segment.dest.foreign.ref = uint32_t(ref);
  segment.dest.foreign.domid = uint16_t(making_.clone->domid);
  segment.len = kPage;
  segments_.push_back(segment);
}

bool PageWriter::flush() {
  used_ = std::max(used_, segments_.size());
  if (!segments_.empty() && xengnttab_grant_copy(making_.xen.grants, uint32_t(segments_.size()), segments_.data()) != 0)
    return making_.fail("xengnttab_grant_copy");
  for (const auto &segment : segments_) {
    if (segment.status != GNTST_okay)
      return making_.fail("xengnttab_grant_copy", "Xen answers " + std::to_string(segment.status));
  }
  segments_.clear();
  return true;
}

void PageWriter::grant(uint64_t ref, uint64_t frame) {
  entries_[ref].frame = uint32_t(frame);
  entries_[ref].domid = 0;
  entries_[ref].flags = GTF_permit_access;
}

bool PageWriter::leave_grant(uint64_t ref, uint64_t frame) {
  if (ref < GNTTAB_NR_RESERVED_ENTRIES || ref >= count_)
    return making_.fail("PageWriter", "a grant's number is not one that a template has");
  if (frame > UINT32_MAX)
    return making_.fail("PageWriter", "a frame is above 16 TiB");
  left_.emplace_back(ref, frame);
  return true;
}

void PageWriter::finish(uint64_t console_frame, uint64_t store_frame) {
  clear();
  grant(GNTTAB_RESERVED_CONSOLE, console_frame);
  grant(GNTTAB_RESERVED_XENSTORE, store_frame);
  for (const auto &[ref, frame] : left_)
    grant(ref, frame);
}

} // namespace thaw
