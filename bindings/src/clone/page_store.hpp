// SPDX-License-Identifier: Apache-2.0
// Pages in a row, and memory that a hypercall may read in place.
#pragma once

#include <cstddef>
#include <cstdint>

struct xencall_handle;

namespace thaw {

/// Ordinary memory, page-aligned.
class PageStore {
public:
  PageStore() = default;
  ~PageStore();
  PageStore(const PageStore &) = delete;
  PageStore &operator=(const PageStore &) = delete;

  /// Once. False when there is not enough memory.
  bool allocate(size_t count);

  uint8_t *page(size_t index) const {
    return base_ + index * 4096;
  }
  size_t count() const {
    return count_;
  }

private:
  uint8_t *base_ = nullptr;
  size_t count_ = 0;
};

/// Memory of the kernel's that is mapped (libxencall): neither swapped nor moved.
class HypercallMemory {
public:
  HypercallMemory() = default;
  ~HypercallMemory();
  HypercallMemory(const HypercallMemory &) = delete;
  HypercallMemory &operator=(const HypercallMemory &) = delete;

  /// Once. nullptr with errno set when there is no memory or no Xen.
  void *allocate(size_t bytes);

private:
  xencall_handle *xencall_ = nullptr;
  void *base_ = nullptr;
  size_t pages_ = 0;
};

} // namespace thaw
