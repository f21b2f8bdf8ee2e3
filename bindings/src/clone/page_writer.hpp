// SPDX-License-Identifier: Apache-2.0
// How pages get into a domain: Xen copies them (GNTTABOP_copy), under grants that are written into the new domain's
// grant table on its behalf and taken out again.
//
// Mapping a frame into dom0 instead costs two changes of a page table through Xen, several times what the copy does.
#pragma once

#include <vector>

#include "clone/steps.hpp"

extern "C" {
#include <xen/grant_table.h>
#include <xengnttab.h>
}

namespace thaw {

class PageWriter {
public:
  explicit PageWriter(const Making &making) : making_(making) {
  }
  ~PageWriter();
  PageWriter(const PageWriter &) = delete;
  PageWriter &operator=(const PageWriter &) = delete;

  /// Maps the grant table's first frame.
  bool open();

  /// Copies the page at `data` into a frame (a guest frame of an HVM domain, a machine frame of a PV one), soon: `data`
  /// must stay until flush().
  bool add(uint64_t frame, const uint8_t *data) {
    // Entries of version 1 have room for frames below 16 TiB.
    if (frame > UINT32_MAX)
      return making_.fail("PageWriter", "a frame is above 16 TiB");
    if (segments_.size() == kGrants && !flush())
      return false;
    put(frame, data);
    return true;
  }

  /// Copies what is still to be copied.
  bool flush();

  /// Grants the rings' frames to dom0, where every guest expects these two grants to be.
  void grant_rings(uint64_t console_frame, uint64_t store_frame);

private:
  /// One frame of entries, without those that are reserved.
  static constexpr size_t kGrants = 4096 / sizeof(grant_entry_v1_t) - GNTTAB_NR_RESERVED_ENTRIES;

  void put(uint64_t frame, const uint8_t *data);

  const Making &making_;
  xenforeignmemory_resource_handle *resource_ = nullptr;
  grant_entry_v1_t *entries_ = nullptr;
  size_t used_ = 0; ///< How many entries have been in use.
  std::vector<xengnttab_grant_copy_segment_t> segments_;
};

} // namespace thaw
