// SPDX-License-Identifier: Apache-2.0
// Allocates and frees the kinds of memory of page_store.hpp.

#include "clone/image/page_store.hpp"

#include <algorithm>
#include <sys/mman.h>

#include "clone/domain/grant_limit.hpp"
#include "clone/domain/xen_handles.hpp"

extern "C" {
#include <xencall.h>
#include <xengnttab.h>
}

namespace thaw {
namespace {

/// dom0, which is this domain (PageWriter). Xen would take a grant to DOMID_SELF for one to another domain.
constexpr uint32_t kSelf = 0;

} // namespace

PageStore::~PageStore() {
  release();
}

void PageStore::release() {
  for (size_t i = 0; shares_ != nullptr && i < pieces_.size(); i++)
    xengntshr_unshare(shares_, pieces_[i], uint32_t(std::min(kPiece, count_ - i * kPiece)));
  if (shares_ != nullptr)
    xengntshr_close(shares_);
  else if (!pieces_.empty())
    munmap(pieces_[0], count_ * 4096);
  shares_ = nullptr;
  give_back_grants(taken_);
  taken_ = 0;
  pieces_.clear();
  refs_.clear();
  count_ = 0;
}

bool PageStore::allocate(size_t count) {
  if (count == 0)
    return true;
  void *base = mmap(nullptr, count * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED)
    return false;
  for (size_t at = 0; at < count; at += kPiece)
    pieces_.push_back(static_cast<uint8_t *>(base) + at * 4096);
  count_ = count;
  return true;
}

bool PageStore::allocate_granted(size_t count) {
  if (count > 0 && take_grants(count)) {
    taken_ = count;
    if (grant(count))
      return true;
  }
  release();
  return allocate(count);
}

bool PageStore::grant(size_t count) {
  shares_ = xengntshr_open(quiet_logger(), 0);
  if (shares_ == nullptr)
    return false;
  refs_.resize(count);
  for (size_t at = 0; at < count; at += kPiece) {
    uint32_t pages = uint32_t(std::min(kPiece, count - at));
    void *piece = xengntshr_share_pages(shares_, kSelf, int(pages), refs_.data() + at, 0);
    if (piece == nullptr)
      return false;
    pieces_.push_back(static_cast<uint8_t *>(piece));
    count_ = at + pages;
  }
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
