// SPDX-License-Identifier: Apache-2.0
// The set of page frames that have had contents in this stream. It is sparse, since frame numbers come from the
// stream: memory grows with the pages seen, not with the numbers claimed.
#pragma once

#include <bitset>
#include <cstdint>
#include <memory>
#include <unordered_map>

namespace thaw {

class PageSet {
public:
  void add(uint64_t pfn) {
    auto &chunk = chunks_[pfn / kChunk];
    if (!chunk)
      chunk = std::make_unique<std::bitset<kChunk>>();
    chunk->set(pfn % kChunk);
  }

  bool has(uint64_t pfn) const {
    auto found = chunks_.find(pfn / kChunk);
    return found != chunks_.end() && found->second->test(pfn % kChunk);
  }

private:
  /// One chunk is 4 KiB of bits: never more than the page of data that made it.
  static constexpr uint64_t kChunk = 32768;
  std::unordered_map<uint64_t, std::unique_ptr<std::bitset<kChunk>>> chunks_;
};

} // namespace thaw
