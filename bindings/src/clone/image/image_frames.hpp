// SPDX-License-Identifier: Apache-2.0
// Turns the entries of PAGE_DATA records, in any order and perhaps repeated, into an image's frames, pages and page
// tables.
#pragma once

#include <vector>

#include "clone/image/image.hpp"

namespace thaw {

/// An entry as in the stream. `contents` points into the stream, nullptr for allocate-only.
struct Entry {
  uint64_t pfn;
  uint8_t type;
  const uint8_t *contents;
};

/// Fills in frames, pfns, pages, tables and table_entries. Returns nullptr, or the fault.
const char *lay_out(Image *image, std::vector<Entry> entries);

} // namespace thaw
