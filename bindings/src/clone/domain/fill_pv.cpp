// SPDX-License-Identifier: Apache-2.0
// Fills a PV clone. Everything that holds the template's machine frames (page tables, p2m list, start info,
// descriptor tables, CR3) is rewritten with the clone's. The order is that of libxenguest's restore.

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "clone/domain/cloner_steps.hpp"
#include "clone/domain/page_table.hpp"
#include "clone/domain/pv_context.hpp"
#include "clone/domain/rings.hpp"
#include "util/stream/stream_format.hpp"

namespace thaw {
namespace {

/// Pages made for this clone alone, and their frames.
struct OwnPages {
  PageStore store;
  std::vector<uint64_t> frames;

  uint8_t *next(uint64_t frame) {
    frames.push_back(frame);
    return store.page(frames.size() - 1);
  }
};

class PvFiller {
public:
  explicit PvFiller(const Making &making) : making_(making), image_(making.image) {
  }

  bool run() {
    making_.clone->create_ms = making_.clock->lap();
    if (!populate(making_, &map_))
      return false;
    making_.clone->populate_ms = making_.clock->lap();
    // Page tables, p2m list, start info, shared info.
    if (!own_.store.allocate(image_.tables.size() + image_.p2m_frames.size() + 2)) {
      errno = ENOMEM;
      return making_.fail("PageStore");
    }
    PageWriter writer(making_);
    if (!writer.open() || !write_pages(&writer) || !set_vcpus() || !pin_tables())
      return false;
    writer.finish(making_.clone->console_frame, making_.clone->store_frame);
    return true;
  }

private:
  bool write_pages(PageWriter *writer) {
    if (!tables() || !p2m_list() || !start_info() || !shared_info())
      return false;
    for (size_t i = 0; i < image_.pfns.size(); i++) {
      if (!writer->add(map_[image_.pfns[i]], image_.pages, i))
        return false;
    }
    // The clone's own pages come after the template's page of the same frame.
    for (size_t i = 0; i < own_.frames.size(); i++) {
      if (!writer->add(own_.frames[i], own_.store, i))
        return false;
    }
    Rings rings(making_, &map_);
    if (!rings.add(writer, making_.clone->store_frame) || !writer->flush())
      return false;
    making_.clone->copy_ms = making_.clock->lap();
    return true;
  }

  bool tables() {
    for (size_t i = 0; i < image_.tables.size(); i++) {
      auto *to = reinterpret_cast<uint64_t *>(own_.next(map_[image_.frames[image_.tables[i]].pfn]));
      const uint8_t *from = image_.table_entries.data() + i * kPage;
      for (size_t k = 0; k < kTableEntries; k++) {
        uint64_t pte;
        memcpy(&pte, from + k * sizeof pte, sizeof pte);
        // lay_out() has checked that the image has every frame that an entry names.
        to[k] = pte & kPtePresent ? pte_with_frame(pte, map_[pte_frame(pte)]) : pte;
      }
    }
    return true;
  }

  bool p2m_list() {
    for (size_t i = 0; i < image_.p2m_frames.size(); i++) {
      uint64_t pfn = image_.p2m_frames[i];
      if (!is_mapped(pfn))
        return making_.fail("p2m_list", "the image's p2m list is not in its memory");
      auto *to = reinterpret_cast<uint64_t *>(own_.next(map_[pfn]));
      copy_contents(pfn, to);
      size_t first = i * kTableEntries;
      for (size_t k = 0; k < kTableEntries && first + k <= image_.max_pfn; k++)
        to[k] = map_[first + k];
    }
    return true;
  }

  bool start_info() {
    uint64_t pfn = pv_start_info_pfn(image_);
    if (!is_mapped(pfn))
      return making_.fail("start_info", "the image's start info is not in its memory");
    start_info_frame_ = map_[pfn];
    auto *info = reinterpret_cast<start_info_t *>(own_.next(start_info_frame_));
    copy_contents(pfn, info);
    if (!is_mapped(info->store_mfn) || !is_mapped(info->console.domU.mfn))
      return making_.fail("start_info", "the image's rings are not in its memory");
    xc_domaininfo_t domain;
    if (xc_domain_getinfo_single(making_.xen.xch, making_.clone->domid, &domain) != 0)
      return making_.fail("xc_domain_getinfo_single");
    shared_info_frame_ = domain.shared_info_frame;
    Clone *clone = making_.clone;
    clone->store_frame = info->store_mfn = map_[info->store_mfn];
    info->store_evtchn = clone->store_port;
    clone->console_frame = info->console.domU.mfn = map_[info->console.domU.mfn];
    info->console.domU.evtchn = clone->console_port;
    info->nr_pages = image_.max_pfn + 1;
    info->shared_info = shared_info_frame_ * kPage;
    info->flags = 0;
    return true;
  }

  /// Copies the parts of the template's shared info that a restore keeps: vCPU and arch info. Masks all events.
  bool shared_info() {
    auto *to = reinterpret_cast<shared_info_t *>(own_.next(shared_info_frame_));
    memcpy(to, image_.shared_info.data(), sizeof *to);
    memset(reinterpret_cast<uint8_t *>(to) + sizeof *to, 0, kPage - sizeof *to);
    memset(to->evtchn_pending, 0, sizeof to->evtchn_pending);
    memset(to->evtchn_mask, 0xff, sizeof to->evtchn_mask);
    for (auto &vcpu : to->vcpu_info)
      vcpu.evtchn_pending_sel = 0;
    to->arch.pfn_to_mfn_frame_list_list = 0;
    return true;
  }

  bool set_vcpus() {
    for (size_t i = 0; i < image_.vcpus.size(); i++) {
      if (!set_pv_vcpu(making_, map_, uint32_t(i), start_info_frame_))
        return false;
    }
    return true;
  }

  bool pin_tables() {
    std::vector<mmuext_op> pins;
    for (const Frame &frame : image_.frames) {
      if (!(frame.type & PAGE_LPIN))
        continue;
      mmuext_op pin = {};
      pin.cmd = MMUEXT_PIN_L1_TABLE + unsigned(frame.type & ~PAGE_LPIN) - PAGE_L1TAB;
      pin.arg1.mfn = map_[frame.pfn];
      pins.push_back(pin);
    }
    for (size_t at = 0; at < pins.size(); at += kPins) {
      unsigned count = unsigned(std::min(kPins, pins.size() - at));
      if (xc_mmuext_op(making_.xen.xch, &pins[at], count, domid_t(making_.clone->domid)) != 0)
        return making_.fail("xc_mmuext_op");
    }
    return true;
  }

  bool is_mapped(uint64_t pfn) const {
    return pfn <= image_.max_pfn && map_[pfn] != kNoFrame;
  }

  void copy_contents(uint64_t pfn, void *to) const {
    const uint8_t *from = image_.contents(pfn);
    if (from != nullptr)
      memcpy(to, from, kPage);
    else
      memset(to, 0, kPage);
  }

  static constexpr size_t kPins = 1024;

  const Making &making_;
  const Image &image_;
  FrameMap map_;
  OwnPages own_;
  uint64_t start_info_frame_ = 0, shared_info_frame_ = 0;
};

} // namespace

bool fill_pv(const Making &making) {
  return PvFiller(making).run();
}

} // namespace thaw
