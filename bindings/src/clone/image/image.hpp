// SPDX-License-Identifier: Apache-2.0
// A template's save stream as the clone code uses it: every part that a clone gets, checked and sorted.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "clone/image/page_store.hpp"

extern "C" {
#include <xenctrl.h>
#include <xenguest.h>
}

namespace thaw {

/// A frame of a clone, with contents or all zero.
struct Frame {
  uint64_t pfn;
  uint8_t type; ///< The stream's type: 0, or 1 to 4 for a PV page table's level, with PAGE_LPIN when it is pinned.
};

struct HvmParam {
  uint64_t index, value;
};

struct TscInfo {
  uint32_t mode, khz;
  uint64_t nsec;
  uint32_t incarnation, reserved;
};

/// A PV vCPU's records as in the stream.
struct PvVcpu {
  std::vector<uint8_t> basic, extended, xsave;
  std::vector<xen_domctl_vcpu_msr_t> msrs;
};

struct Image {
  bool is_hvm = false;
  TscInfo tsc = {};
  std::vector<xen_cpuid_leaf_t> cpuid;
  std::vector<xen_msr_entry_t> msrs;

  std::vector<Frame> frames;  ///< Sorted, without duplicates.
  std::vector<uint64_t> pfns; ///< Sorted: the frames that have contents and are no PV page tables.
  PageStore pages;            ///< Their contents, in the same order.

  std::vector<uint8_t> hvm_context;
  std::vector<HvmParam> hvm_params;
  uint64_t store_gfn = 0, console_gfn = 0; ///< HVM only.

  uint64_t max_pfn = 0;             ///< This and all fields below: PV only.
  std::vector<uint64_t> p2m_frames; ///< The frames of the guest's p2m list, by index.
  std::vector<uint8_t> shared_info;
  std::vector<PvVcpu> vcpus;
  std::vector<size_t> tables;         ///< Indices into frames: the page tables.
  std::vector<uint8_t> table_entries; ///< Their contents, with frame numbers instead of machine frames.

  uint64_t data_pages() const {
    return pages.count() + tables.size();
  }
  /// Returns the contents of a frame that is no page table; nullptr for a zero frame or one that does not exist.
  const uint8_t *contents(uint64_t pfn) const;
  bool has_frame(uint64_t pfn) const;
};

/// Reads a whole stream. nullptr with *error set to the stream's fault.
std::shared_ptr<Image> read_image(const uint8_t *stream, size_t length, std::string *error);

} // namespace thaw
