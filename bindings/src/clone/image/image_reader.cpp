// SPDX-License-Identifier: Apache-2.0
// Reads the two nested record loops of a save stream and takes the parts that a clone needs. Checks everything before
// use.

#include <algorithm>
#include <endian.h>

#include "clone/image/bytes.hpp"
#include "clone/image/image.hpp"
#include "clone/image/image_frames.hpp"
#include "util/stream/stream_format.hpp"

namespace thaw {
namespace {

/// The longest list of vCPUs, and the longest p2m list (1 TiB), that the reader accepts.
constexpr uint32_t kVcpusMax = 8192;
constexpr uint32_t kPfnMax = 1u << 28;
constexpr size_t kExtendedMax = 128;

class Reader {
public:
  Reader(Bytes stream, std::string *error) : stream_(stream), error_(error), image_(std::make_shared<Image>()) {
  }

  std::shared_ptr<Image> run() {
    if (!libxl_stream())
      return nullptr;
    if (!has_state())
      return nullptr;
    if (const char *wrong = lay_out(image_.get(), std::move(entries_)))
      return fail(wrong), nullptr;
    for (uint64_t gfn : {image_->store_gfn, image_->console_gfn}) {
      if (image_->is_hvm && !image_->has_frame(gfn))
        return fail("no frame for a ring"), nullptr;
    }
    return image_;
  }

private:
  bool libxl_stream() {
    LibxlHeader header;
    if (!stream_.take(&header) || be64toh(header.ident) != kLibxlIdent)
      return fail("no libxl stream: wrong magic");
    if (be32toh(header.version) != kLibxlVersion || (be32toh(header.options) & kBigEndian))
      return fail("libxl stream of another version or byte order");
    for (bool has_context = false;;) {
      RecordHeader record;
      if (!stream_.take(&record))
        return fail("stream ends at a libxl record");
      if (record.type == LIBXL_LIBXC_CONTEXT) {
        if (record.length != 0 || has_context)
          return fail("LIBXC_CONTEXT record with a body, or twice");
        if (!libxc_stream())
          return false;
        has_context = true;
      } else if (!stream_.skip(padded(record.length))) {
        return fail("stream ends inside a libxl record");
      } else if (record.type == LIBXL_END) {
        return (has_context && stream_.left() == 0) || fail("no LIBXC_CONTEXT record, or bytes after the end");
      }
    }
  }

  bool libxc_stream() {
    LibxcImageHeader header;
    LibxcDomainHeader domain;
    if (!stream_.take(&header) || header.marker != kLibxcMarker || be32toh(header.id) != kLibxcId)
      return fail("no libxenguest stream: wrong magic");
    uint32_t version = be32toh(header.version);
    if ((version != 2 && version != 3) || (be16toh(header.options) & kBigEndian))
      return fail("libxenguest stream of another version or byte order");
    if (!stream_.take(&domain) || domain.page_shift != 12 || (domain.type != DOMAIN_PV && domain.type != DOMAIN_HVM))
      return fail("neither a PV nor an HVM domain of 4 KiB pages");
    image_->is_hvm = domain.type == DOMAIN_HVM;
    for (;;) {
      RecordHeader record;
      Bytes body(nullptr, 0);
      if (!stream_.take(&record))
        return fail("stream ends at a libxenguest record");
      if (record.length > kLibxcRecordMax || !stream_.take(record.length, &body) ||
          !stream_.skip(size_t(padded(record.length) - record.length)))
        return fail("stream ends inside a libxenguest record");
      if (record.type == LIBXC_END)
        return true;
      if (!libxc_record(record.type, body))
        return false;
    }
  }

  bool libxc_record(uint32_t type, Bytes body) {
    switch (type) {
    case LIBXC_STATIC_DATA_END:
      return true;
    case LIBXC_PAGE_DATA:
      return page_data(body);
    case LIBXC_TSC_INFO:
      has_tsc_ = body.take(&image_->tsc) && body.left() == 0;
      return has_tsc_ || fail("TSC_INFO record of a wrong size");
    case LIBXC_CPUID_POLICY:
      return body.take_all(&image_->cpuid) || fail("CPUID policy of a wrong size");
    case LIBXC_MSR_POLICY:
      return body.take_all(&image_->msrs) || fail("MSR policy of a wrong size");
    case LIBXC_HVM_CONTEXT:
      return (image_->is_hvm && body.take_all(&image_->hvm_context)) || fail("HVM context of a PV domain");
    case LIBXC_HVM_PARAMS:
      return hvm_params(body);
    case LIBXC_SHARED_INFO:
      return (body.left() == kPage && body.take_all(&image_->shared_info)) || fail("shared info of a wrong size");
    case LIBXC_PV_INFO:
      return pv_info(body);
    case LIBXC_PV_P2M_FRAMES:
      return p2m_frames(body);
    case LIBXC_PV_VCPU_BASIC:
    case LIBXC_PV_VCPU_EXTENDED:
    case LIBXC_PV_VCPU_XSAVE:
    case LIBXC_PV_VCPU_MSRS:
      return pv_vcpu(type, body);
    default:
      return (type & LIBXC_OPTIONAL) || fail("libxenguest record of an unknown type");
    }
  }

  bool page_data(Bytes body) {
    uint32_t count, reserved;
    Bytes numbers(nullptr, 0);
    if (!body.take(&count) || !body.take(&reserved) || !body.take(size_t(count) * 8, &numbers))
      return fail("PAGE_DATA record too short");
    for (uint64_t entry; numbers.take(&entry);) {
      uint8_t type = page_type(entry);
      Bytes page(nullptr, 0);
      if (is_unknown_type(type) || type == PAGE_BROKEN)
        return fail("PAGE_DATA record with a broken page or an unknown type");
      if (type == PAGE_XTAB)
        continue;
      if (type < PAGE_BROKEN && !body.take(kPage, &page))
        return fail("PAGE_DATA record too short for its pages");
      if (type == PAGE_XALLOC)
        type = PAGE_NOTAB;
      if (image_->is_hvm && type != PAGE_NOTAB)
        return fail("page table of a domain that has its own");
      entries_.push_back({entry & kPfnMask, type, page.data()});
    }
    return body.left() == 0 || fail("PAGE_DATA record longer than its pages");
  }

  bool hvm_params(Bytes body) {
    uint32_t count, reserved;
    if (!image_->is_hvm || !body.take(&count) || !body.take(&reserved) || !body.take_all(&image_->hvm_params) ||
        image_->hvm_params.size() != count)
      return fail("HVM parameters of a wrong size");
    return true;
  }

  bool pv_info(Bytes body) {
    struct {
      uint8_t width, levels, reserved[6];
    } info;
    if (image_->is_hvm || !body.take(&info) || info.width != 8 || info.levels != 4)
      return fail("not a 64-bit PV domain");
    return true;
  }

  bool p2m_frames(Bytes body) {
    uint32_t start, end;
    std::vector<uint64_t> part;
    if (image_->is_hvm || !body.take(&start) || !body.take(&end) || start > end || end > kPfnMax ||
        !body.take_all(&part) || part.size() != end / kPerFrame - start / kPerFrame + 1)
      return fail("p2m list of a wrong size");
    // The whole list comes in one record, as libxenguest sends it for a domain that does not run.
    if (start != 0 || !image_->p2m_frames.empty())
      return fail("p2m list in parts");
    image_->p2m_frames = std::move(part);
    image_->max_pfn = end;
    return true;
  }

  bool pv_vcpu(uint32_t type, Bytes body) {
    uint32_t id, reserved;
    if (image_->is_hvm || !body.take(&id) || !body.take(&reserved) || id >= kVcpusMax)
      return fail("vCPU record too short, or of an impossible vCPU");
    if (image_->vcpus.size() <= id)
      image_->vcpus.resize(id + 1);
    PvVcpu &vcpu = image_->vcpus[id];
    if (type == LIBXC_PV_VCPU_MSRS)
      return body.take_all(&vcpu.msrs) || fail("vCPU MSRs of a wrong size");
    if (type == LIBXC_PV_VCPU_BASIC && body.left() != sizeof(vcpu_guest_context_t))
      return fail("vCPU context of a wrong size");
    if (type == LIBXC_PV_VCPU_EXTENDED && body.left() > kExtendedMax)
      return fail("extended vCPU context of a wrong size");
    return body.take_all(type == LIBXC_PV_VCPU_BASIC      ? &vcpu.basic
                         : type == LIBXC_PV_VCPU_EXTENDED ? &vcpu.extended
                                                          : &vcpu.xsave);
  }

  /// True when the stream has everything that a domain needs.
  bool has_state() {
    if (entries_.empty() || !has_tsc_ || image_->cpuid.empty())
      return fail("no pages, no TSC or no CPU policy");
    if (!image_->is_hvm) {
      bool is_whole = !image_->p2m_frames.empty() && !image_->shared_info.empty() && !image_->vcpus.empty() &&
                      !image_->vcpus[0].basic.empty();
      return is_whole || fail("no vCPU, shared info or p2m list");
    }
    for (const HvmParam &param : image_->hvm_params) {
      if (param.index == HVM_PARAM_STORE_PFN)
        image_->store_gfn = param.value;
      if (param.index == HVM_PARAM_CONSOLE_PFN)
        image_->console_gfn = param.value;
    }
    if (image_->hvm_context.empty() || image_->store_gfn == 0 || image_->console_gfn == 0)
      return fail("no HVM context, or no rings");
    // A new domain's rings start empty. The stream has their pages as the template left them.
    for (Entry &entry : entries_) {
      if (entry.pfn == image_->store_gfn || entry.pfn == image_->console_gfn)
        entry.contents = nullptr;
    }
    return true;
  }

  bool fail(const char *what) {
    *error_ = what;
    return false;
  }

  static constexpr uint32_t kPerFrame = kPage / 8;

  Bytes stream_;
  std::string *error_;
  std::shared_ptr<Image> image_;
  std::vector<Entry> entries_;
  bool has_tsc_ = false;
};

} // namespace

std::shared_ptr<Image> read_image(const uint8_t *stream, size_t length, std::string *error) {
  return Reader(Bytes(stream, length), error).run();
}

} // namespace thaw
