// SPDX-License-Identifier: Apache-2.0
// Where both kinds of memory come from and go to.

#include "clone/page_store.hpp"

#include <sys/mman.h>

extern "C" {
#include <xencall.h>
}

namespace thaw {

PageStore::~PageStore() {
  if (base_ != nullptr)
    munmap(base_, count_ * 4096);
}

bool PageStore::allocate(size_t count) {
  if (count == 0)
    return true;
  void *base = mmap(nullptr, count * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED)
    return false;
  base_ = static_cast<uint8_t *>(base);
  count_ = count;
  return true;
}

HypercallMemory::~HypercallMemory() {
  if (base_ != nullptr)
    xencall_free_buffer_pages(xencall_, base_, pages_);
  if (xencall_ != nullptr)
    xencall_close(xencall_);
}

void *HypercallMemory::allocate(size_t bytes) {
  pages_ = (bytes + 4095) / 4096;
  xencall_ = xencall_open(nullptr, 0);
  if (xencall_ != nullptr)
    base_ = xencall_alloc_buffer_pages(xencall_, pages_);
  return base_;
}

} // namespace thaw
