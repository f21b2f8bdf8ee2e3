// SPDX-License-Identifier: Apache-2.0
// Entries of version 1 (xen/grant_table.h), the one that a new domain's table has.

#include "clone/page_writer.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/mman.h>

#include "util/stream_format.hpp"

namespace thaw {

PageWriter::~PageWriter() {
  if (resource_ == nullptr)
    return;
  memset(entries_ + GNTTAB_NR_RESERVED_ENTRIES, 0, used_ * sizeof *entries_);
  xenforeignmemory_unmap_resource(making_.xen.memory, resource_);
}

bool PageWriter::open() {
  void *table = nullptr;
  resource_ =
      xenforeignmemory_map_resource(making_.xen.memory, domid_t(making_.clone->domid), XENMEM_resource_grant_table,
                                    XENMEM_resource_grant_table_id_shared, 0, 1, &table, PROT_READ | PROT_WRITE, 0);
  if (resource_ == nullptr)
    return making_.fail("xenforeignmemory_map_resource");
  entries_ = static_cast<grant_entry_v1_t *>(table);
  segments_.reserve(kGrants);
  return true;
}

void PageWriter::put(uint64_t frame, const uint8_t *data) {
  size_t ref = GNTTAB_NR_RESERVED_ENTRIES + segments_.size();
  entries_[ref].frame = uint32_t(frame);
  entries_[ref].domid = 0;
  entries_[ref].flags = GTF_permit_access;
  xengnttab_grant_copy_segment_t segment = {};
  segment.source.virt = const_cast<uint8_t *>(data);
  segment.dest.foreign.ref = uint32_t(ref);
  segment.dest.foreign.domid = uint16_t(making_.clone->domid);
  segment.len = kPage;
  segment.flags = GNTCOPY_dest_gref;
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

void PageWriter::grant_rings(uint64_t console_frame, uint64_t store_frame) {
  const struct {
    size_t ref;
    uint64_t frame;
  } rings[] = {{GNTTAB_RESERVED_CONSOLE, console_frame}, {GNTTAB_RESERVED_XENSTORE, store_frame}};
  for (auto &ring : rings) {
    entries_[ring.ref].frame = uint32_t(ring.frame);
    entries_[ring.ref].domid = 0;
    entries_[ring.ref].flags = GTF_permit_access;
  }
}

} // namespace thaw
