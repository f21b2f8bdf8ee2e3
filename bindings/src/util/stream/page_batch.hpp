// SPDX-License-Identifier: Apache-2.0
// Collects entries and pages of small PAGE_DATA records into a large record: a restore's time depends on the number
// of records.
#pragma once

#include <cstdint>
#include <cstring>
#include <unordered_set>
#include <vector>

#include "util/stream/stream_format.hpp"

namespace thaw {

class PageBatch {
public:
  /// True when `count` entries fit: at most as many as libxenguest puts into a record, and no frame twice, which a
  /// restore would populate twice. An empty batch takes any.
  bool has_room_for(const uint8_t *entries, size_t count) const {
    if (is_empty())
      return true;
    if (entries_.size() + count > kMax)
      return false;
    for (size_t i = 0; i < count; i++) {
      if (frames_.count(entry_at(entries, i) & kPfnMask))
        return false;
    }
    return true;
  }

  void add(const uint8_t *entries, size_t count, const uint8_t *pages, size_t bytes) {
    for (size_t i = 0; i < count; i++) {
      entries_.push_back(entry_at(entries, i));
      frames_.insert(entries_.back() & kPfnMask);
    }
    pages_.insert(pages_.end(), pages, pages + bytes);
  }

  bool is_empty() const {
    return entries_.empty();
  }
  const std::vector<uint64_t> &entries() const {
    return entries_;
  }
  const std::vector<uint8_t> &pages() const {
    return pages_;
  }

  void clear() {
    entries_.clear();
    frames_.clear();
    pages_.clear();
  }

private:
  static constexpr size_t kMax = 1024;

  static uint64_t entry_at(const uint8_t *entries, size_t index) {
    uint64_t entry;
    memcpy(&entry, entries + index * sizeof entry, sizeof entry);
    return entry;
  }

  std::vector<uint64_t> entries_;
  std::unordered_set<uint64_t> frames_;
  std::vector<uint8_t> pages_;
};

} // namespace thaw
