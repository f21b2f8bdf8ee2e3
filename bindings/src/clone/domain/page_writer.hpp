// SPDX-License-Identifier: Apache-2.0
// How pages get into a domain: Xen copies them (GNTTABOP_copy), under grants that are written into the new domain's
// grant table on its behalf and taken out again.
//
// Mapping a frame into dom0 instead costs two changes of a page table through Xen, several times what the copy does.
#pragma once

#include <utility>
#include <vector>

#include "clone/domain/cloner_steps.hpp"

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

  /// Maps the grant table.
  bool open();

  /// Copies a page into a frame (a guest frame of an HVM domain, a machine frame of a PV one), soon: the store must
  /// stay until flush().
  bool add(uint64_t frame, const PageStore &store, size_t index) {
    // Entries of version 1 have room for frames below 16 TiB.
    if (frame > UINT32_MAX)
      return making_.fail("PageWriter", "a frame is above 16 TiB");
    if (segments_.size() == kGrants && !flush())
      return false;
    put(frame, store, index);
    return true;
  }

  /// Copies what is still to be copied.
  bool flush();

  /// A grant to dom0 that the domain is to have when all is written. False when its number is reserved or beyond the
  /// frames that are mapped.
  bool leave_grant(uint64_t ref, uint64_t frame);

  /// The last: takes the copy's grants out and leaves those of the domain, and of its two rings where every guest
  /// expects them.
  void finish(uint64_t console_frame, uint64_t store_frame);

private:
  static constexpr size_t kPerFrame = 4096 / sizeof(grant_entry_v1_t);
  /// One frame of entries, without those that are reserved.
  static constexpr size_t kGrants = kPerFrame - GNTTAB_NR_RESERVED_ENTRIES;

  void clear();
  void grant(uint64_t ref, uint64_t frame);

  void put(uint64_t frame, const PageStore &store, size_t index);

  const Making &making_;
  xenforeignmemory_resource_handle *resource_ = nullptr;
  grant_entry_v1_t *entries_ = nullptr;
  size_t count_ = 0; ///< How many entries are mapped.
  size_t used_ = 0;  ///< How many entries have been in use.
  std::vector<xengnttab_grant_copy_segment_t> segments_;
  std::vector<std::pair<uint64_t, uint64_t>> left_;
};

} // namespace thaw
