// SPDX-License-Identifier: Apache-2.0
// Fuzz target: a stream is refused with a reason, or yields an image with consistent parts.

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "clone/domain/page_table.hpp"
#include "clone/image/image.hpp"

static void must(bool holds) {
  if (!holds)
    abort();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length) {
  std::string error;
  auto image = thaw::read_image(data, length, &error);
  must((image == nullptr) == !error.empty());
  if (image == nullptr)
    return 0;
  auto by_pfn = [](const thaw::Frame &a, const thaw::Frame &b) { return a.pfn < b.pfn; };
  must(std::is_sorted(image->frames.begin(), image->frames.end(), by_pfn));
  must(image->pages.count() == image->pfns.size());
  for (uint64_t pfn : image->pfns) {
    must(image->has_frame(pfn));
    must(image->is_hvm || pfn <= image->max_pfn);
  }
  must(image->table_entries.size() == image->tables.size() * 4096);
  for (size_t at = 0; at < image->table_entries.size(); at += 8) {
    uint64_t pte;
    memcpy(&pte, &image->table_entries[at], sizeof pte);
    must(!(pte & thaw::kPtePresent) || image->has_frame(thaw::pte_frame(pte)));
  }
  return 0;
}
