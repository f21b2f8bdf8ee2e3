// SPDX-License-Identifier: Apache-2.0
// From the entries of PAGE_DATA records, in any order and perhaps twice, to an image's frames, pages and page tables.
#pragma once

#include <vector>

#include "clone/image/image.hpp"

namespace thaw {

/// An entry as it came; `contents` point into the stream, nullptr for allocate-only.
struct Entry {
  uint64_t pfn;
  uint8_t type;
  const uint8_t *contents;
};

/// Fills in frames, pfns, pages, tables and table_entries. nullptr, or what is wrong.
const char *lay_out(Image *image, std::vector<Entry> entries);

} // namespace thaw
