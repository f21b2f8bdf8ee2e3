// SPDX-License-Identifier: Apache-2.0
// Pages by number, and memory that a hypercall may read in place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

struct xencall_handle;
struct xengntdev_handle;

namespace thaw {

class PageStore {
public:
  PageStore() = default;
  ~PageStore();
  PageStore(const PageStore &) = delete;
  PageStore &operator=(const PageStore &) = delete;

  /// Allocates ordinary memory. Call once. False when there is not enough memory.
  bool allocate(size_t count);

  /// Allocates memory that this domain grants to itself: Xen then copies from it without dom0's kernel looking up
  /// each page. Falls back to ordinary memory where no grants are left. Call once. False when there is neither.
  bool allocate_granted(size_t count);

  uint8_t *page(size_t index) const {
    return pieces_[index / kPiece] + index % kPiece * 4096;
  }
  size_t count() const {
    return count_;
  }
  bool is_granted() const {
    return !refs_.empty();
  }
  /// The grant of a page, by this domain to itself.
  uint32_t ref(size_t index) const {
    return refs_[index];
  }

private:
  /// The number of pages in one request to gntalloc.
  static constexpr size_t kPiece = 256;

  bool grant(size_t count);
  void release();

  std::vector<uint8_t *> pieces_;
  std::vector<uint32_t> refs_;
  xengntdev_handle *shares_ = nullptr;
  size_t count_ = 0;
  size_t taken_ = 0; ///< Pages counted by take_grants().
};

/// Memory mapped from the kernel (libxencall), which is neither swapped nor moved.
class HypercallMemory {
public:
  HypercallMemory() = default;
  ~HypercallMemory();
  HypercallMemory(const HypercallMemory &) = delete;
  HypercallMemory &operator=(const HypercallMemory &) = delete;

  /// Call once. nullptr with errno set when there is no memory or no Xen.
  void *allocate(size_t bytes);

private:
  xencall_handle *xencall_ = nullptr;
  void *base_ = nullptr;
  size_t pages_ = 0;
};

} // namespace thaw
