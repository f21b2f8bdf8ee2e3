// SPDX-License-Identifier: Apache-2.0
// Sorts frames, and stores their contents in the same order.

#include "clone/image/image_frames.hpp"

#include <algorithm>
#include <cstring>

#include "clone/domain/page_table.hpp"
#include "util/stream/stream_format.hpp"

namespace thaw {
namespace {

bool is_table(const Entry &entry) {
  uint8_t level = entry.type & ~PAGE_LPIN;
  return level >= PAGE_L1TAB && level <= PAGE_L4TAB && entry.contents != nullptr;
}

/// Keeps the last contents of a frame that comes more than once. An entry without contents does not replace them.
void sort_and_merge(std::vector<Entry> *entries) {
  std::stable_sort(entries->begin(), entries->end(), [](const Entry &a, const Entry &b) { return a.pfn < b.pfn; });
  size_t kept = 0;
  for (const Entry &entry : *entries) {
    if (kept == 0 || (*entries)[kept - 1].pfn != entry.pfn)
      (*entries)[kept++] = entry;
    else if (entry.contents != nullptr)
      (*entries)[kept - 1] = entry;
  }
  entries->resize(kept);
}

/// Adds the frames that only a PV page table names: a restore gives the domain those as well, all zero.
const char *add_named_frames(std::vector<Entry> *entries, uint64_t max_pfn) {
  std::vector<bool> has(max_pfn + 1);
  for (const Entry &entry : *entries) {
    if (entry.pfn > max_pfn)
      return "frame above the highest of the p2m list";
    has[entry.pfn] = true;
  }
  std::vector<Entry> missing;
  for (const Entry &table : *entries) {
    for (size_t i = 0; is_table(table) && i < kTableEntries; i++) {
      uint64_t pte;
      memcpy(&pte, table.contents + i * sizeof pte, sizeof pte);
      if (!(pte & kPtePresent))
        continue;
      uint64_t pfn = pte_frame(pte);
      if (pfn > max_pfn)
        return "page table entry above the highest frame";
      if (!has[pfn])
        missing.push_back({pfn, PAGE_NOTAB, nullptr});
      has[pfn] = true;
    }
  }
  if (!missing.empty()) {
    entries->insert(entries->end(), missing.begin(), missing.end());
    sort_and_merge(entries);
  }
  return nullptr;
}

} // namespace

const char *lay_out(Image *image, std::vector<Entry> entries) {
  sort_and_merge(&entries);
  if (!image->is_hvm) {
    if (const char *wrong = add_named_frames(&entries, image->max_pfn))
      return wrong;
  }
  std::vector<const uint8_t *> contents;
  for (const Entry &entry : entries) {
    image->frames.push_back({entry.pfn, entry.type});
    if (is_table(entry)) {
      image->tables.push_back(image->frames.size() - 1);
      image->table_entries.insert(image->table_entries.end(), entry.contents, entry.contents + kPage);
    } else if (entry.contents != nullptr) {
      image->pfns.push_back(entry.pfn);
      contents.push_back(entry.contents);
    }
  }
  if (!image->pages.allocate_granted(contents.size()))
    return "no memory for its pages";
  for (size_t i = 0; i < contents.size(); i++)
    memcpy(image->pages.page(i), contents[i], kPage);
  return nullptr;
}

} // namespace thaw
