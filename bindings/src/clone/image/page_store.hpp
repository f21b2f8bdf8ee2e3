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

  /// Ordinary memory. Once. False when there is not enough memory.
  bool allocate(size_t count);

  /// Memory that this domain grants to itself, so that Xen can copy from it without dom0's kernel looking up each page;
  /// ordinary memory where there is none of that. Once. False when there is neither.
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
  /// What one request to gntalloc is for.
  static constexpr size_t kPiece = 256;

  bool grant(size_t count);
  void release();

  std::vector<uint8_t *> pieces_;
  std::vector<uint32_t> refs_;
  xengntdev_handle *shares_ = nullptr;
  size_t count_ = 0;
  size_t taken_ = 0; ///< Of take_grants().
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
