// SPDX-License-Identifier: Apache-2.0
// Copies pages into a domain by Xen's GNTTABOP_copy. The grants for it are written into the new domain's grant table
// on its behalf, and removed again.
//
// Mapping a frame into dom0 instead costs two changes of a page table through Xen, several times the cost of the
// copy.
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

  /// Queues the copy of a page into a frame (a guest frame of an HVM domain, a machine frame of a PV domain). The
  /// store must exist until flush().
  bool add(uint64_t frame, const PageStore &store, size_t index) {
    // Entries of version 1 have room for frames below 16 TiB.
    if (frame > UINT32_MAX)
      return making_.fail("PageWriter", "a frame is above 16 TiB");
    if (segments_.size() == kGrants && !flush())
      return false;
    put(frame, store, index);
    return true;
  }

  /// Makes the queued copies.
  bool flush();

  /// Sets a grant to dom0 that the domain has once everything is written. False when its number is reserved or beyond
  /// the mapped frames.
  bool leave_grant(uint64_t ref, uint64_t frame);

  /// The last call: removes the grants of the copies, and sets those of the domain and of its two rings, which every
  /// guest expects at reserved numbers.
  void finish(uint64_t console_frame, uint64_t store_frame);

private:
  static constexpr size_t kPerFrame = 4096 / sizeof(grant_entry_v1_t);
  /// The entries of one frame, without the reserved ones.
  static constexpr size_t kGrants = kPerFrame - GNTTAB_NR_RESERVED_ENTRIES;

  void clear();
  void grant(uint64_t ref, uint64_t frame);

  void put(uint64_t frame, const PageStore &store, size_t index);

  const Making &making_;
  xenforeignmemory_resource_handle *resource_ = nullptr;
  grant_entry_v1_t *entries_ = nullptr;
  size_t count_ = 0; ///< The number of mapped entries.
  size_t used_ = 0;  ///< The most entries in use so far.
  std::vector<xengnttab_grant_copy_segment_t> segments_;
  std::vector<std::pair<uint64_t, uint64_t>> left_;
};

} // namespace thaw
