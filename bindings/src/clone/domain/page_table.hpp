// SPDX-License-Identifier: Apache-2.0
// Entries of a 64-bit x86 page table (AMD64 Architecture Programmer's Manual, volume 2, 5.3).
#pragma once

#include <cstddef>
#include <cstdint>

namespace thaw {

constexpr size_t kTableEntries = 512;
constexpr uint64_t kPtePresent = 1;
constexpr uint64_t kPteFrame = 0x000ffffffffff000;

constexpr uint64_t pte_frame(uint64_t pte) {
  return (pte & kPteFrame) >> 12;
}

constexpr uint64_t pte_with_frame(uint64_t pte, uint64_t frame) {
  return (pte & ~kPteFrame) | frame << 12;
}

} // namespace thaw
