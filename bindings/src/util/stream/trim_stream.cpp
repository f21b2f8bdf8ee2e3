// SPDX-License-Identifier: Apache-2.0
// Reads the two nested record loops of a save stream and rewrites PAGE_DATA, in the order of the stream.

#include "util/stream/trim_stream.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <endian.h>
#include <vector>

#include "util/stream/page_batch.hpp"
#include "util/stream/page_set.hpp"
#include "util/stream/stream_format.hpp"

namespace thaw {
namespace {

constexpr size_t kStep = 1 << 20;

class Trimmer {
public:
  Trimmer(const TrimIo &io, TrimCounts *counts, TrimError *error)
      : io_(io), counts_(counts), error_(error), buffer_(kStep) {
  }

  bool run() {
    LibxlHeader header;
    if (!read(&header, sizeof header, "stream header"))
      return false;
    if (be64toh(header.ident) != kLibxlIdent)
      return fail("no libxl stream: wrong magic");
    if (be32toh(header.version) != kLibxlVersion)
      return fail("libxl stream version is not 2");
    if (be32toh(header.options) & kBigEndian)
      return fail("big-endian libxl stream");
    if (!write(&header, sizeof header))
      return false;
    for (;;) {
      RecordHeader record;
      if (!read(&record, sizeof record, "libxl record header") || !write(&record, sizeof record))
        return false;
      if (record.type == LIBXL_LIBXC_CONTEXT) {
        if (record.length != 0)
          return fail("LIBXC_CONTEXT record with a body");
        if (!libxc_stream())
          return false;
        continue;
      }
      if (!copy(padded(record.length), "libxl record body"))
        return false;
      if (record.type == LIBXL_END)
        return expect_end();
    }
  }

private:
  bool libxc_stream() {
    LibxcImageHeader image;
    LibxcDomainHeader domain;
    if (!read(&image, sizeof image, "image header"))
      return false;
    if (image.marker != kLibxcMarker || be32toh(image.id) != kLibxcId)
      return fail("no libxenguest stream: wrong magic");
    uint32_t version = be32toh(image.version);
    if (version != 2 && version != 3)
      return fail("libxenguest stream version is neither 2 nor 3");
    if (be16toh(image.options) & kBigEndian)
      return fail("big-endian libxenguest stream");
    if (!read(&domain, sizeof domain, "domain header"))
      return false;
    if (domain.page_shift != 12)
      return fail("page size is not 4 KiB");
    is_hvm_ = domain.type == DOMAIN_HVM;
    if (!write(&image, sizeof image) || !write(&domain, sizeof domain))
      return false;
    for (;;) {
      RecordHeader record;
      if (!read(&record, sizeof record, "libxenguest record header"))
        return false;
      if (record.length > kLibxcRecordMax)
        return fail("libxenguest record is above 128 MiB");
      if (record.type == LIBXC_PAGE_DATA) {
        if (!page_data(record.length))
          return false;
        continue;
      }
      if (!flush() || !write(&record, sizeof record) || !copy(padded(record.length), "libxenguest record body"))
        return false;
      if (record.type == LIBXC_END)
        return true;
    }
  }

  bool page_data(uint32_t length) {
    if (!gather(padded(length)))
      return false;
    uint32_t count;
    if (length < 8)
      return fail("PAGE_DATA record too short");
    memcpy(&count, body_.data(), sizeof count);
    if (count == 0 || count > (length - 8) / 8)
      return fail("PAGE_DATA record with a wrong count");
    size_t pages_at = 8 + size_t(count) * 8, in = pages_at, out = pages_at, kept = 0;
    // Entries and pages move towards their fronts as others drop out: the write position never passes the read
    // position.
    for (uint32_t i = 0; i < count; i++) {
      uint64_t entry;
      memcpy(&entry, &body_[8 + size_t(i) * 8], sizeof entry);
      uint8_t type = page_type(entry);
      if (is_unknown_type(type))
        return fail("PAGE_DATA record with an unknown page type");
      // For an HVM or PVH domain libxenguest lists every frame up to the highest, holes as XTAB. These are most
      // entries, and a restore skips them.
      if (type == PAGE_XTAB && is_hvm_)
        continue;
      if (type < PAGE_BROKEN) {
        if (length - in < kPage)
          return fail("PAGE_DATA record too short for its pages");
        uint64_t pfn = entry & kPfnMask;
        // A page sent again after it had contents must be sent as zero: XALLOC would leave the old contents.
        if (type == PAGE_NOTAB && is_zero(&body_[in]) && !seen_.has(pfn)) {
          entry |= uint64_t(PAGE_XALLOC) << 60;
          counts_->zero_pages++;
        } else {
          if (in != out)
            memmove(&body_[out], &body_[in], kPage);
          out += kPage;
          seen_.add(pfn);
          counts_->data_pages++;
        }
        in += kPage;
      }
      memcpy(&body_[8 + kept++ * 8], &entry, sizeof entry);
    }
    if (in != length)
      return fail("PAGE_DATA record longer than its pages");
    counts_->pages += count;
    return keep(kept, pages_at, out);
  }

  /// Takes `kept` entries from body_ and the pages between `from` and `to` into the batch.
  bool keep(size_t kept, size_t from, size_t to) {
    const uint8_t *entries = &body_[8];
    if (!batch_.has_room_for(entries, kept) && !flush())
      return false;
    batch_.add(entries, kept, body_.data() + from, to - from);
    return true;
  }

  /// Writes the batch, if there is one.
  bool flush() {
    if (batch_.is_empty())
      return true;
    // Whole pages and 8-byte entries: the length is a multiple of 8 and needs no padding.
    const auto &entries = batch_.entries();
    const auto &pages = batch_.pages();
    RecordHeader record = {LIBXC_PAGE_DATA, uint32_t(8 + entries.size() * 8 + pages.size())};
    uint32_t head[2] = {uint32_t(entries.size()), 0};
    bool ok = write(&record, sizeof record) && write(head, sizeof head) && write(entries.data(), entries.size() * 8) &&
              (pages.empty() || write(pages.data(), pages.size()));
    batch_.clear();
    return ok;
  }

  /// Reads a record's body into body_, growing it as bytes arrive: a false length then costs no memory.
  bool gather(size_t length) {
    for (size_t have = 0; have < length;) {
      size_t step = std::min(kStep, length - have);
      if (body_.size() < have + step)
        body_.resize(have + step);
      if (!read(&body_[have], step, "PAGE_DATA body"))
        return false;
      have += step;
    }
    return true;
  }

  bool copy(size_t length, const char *what) {
    while (length > 0) {
      size_t step = std::min(buffer_.size(), length);
      if (!read(buffer_.data(), step, what) || !write(buffer_.data(), step))
        return false;
      length -= step;
    }
    return true;
  }

  bool expect_end() {
    char extra;
    size_t got = 0;
    int errnum = io_.read(io_.user, &extra, 1, &got);
    if (errnum != 0)
      return fail("cannot read", errnum);
    return got == 0 || fail("bytes after the end of the stream");
  }

  bool read(void *data, size_t length, const char *what) {
    size_t got = 0;
    int errnum = io_.read(io_.user, data, length, &got);
    if (errnum != 0)
      return fail("cannot read", errnum);
    if (got == length)
      return true;
    char ends[sizeof error_->what];
    snprintf(ends, sizeof ends, "stream ends inside the %s", what);
    return fail(ends);
  }

  bool write(const void *data, size_t length) {
    int errnum = io_.write(io_.user, data, length);
    if (errnum != 0)
      return fail("cannot write", errnum);
    counts_->bytes += length;
    return true;
  }

  bool fail(const char *what, int errnum = 0) {
    snprintf(error_->what, sizeof error_->what, "%s", what);
    error_->errnum = errnum;
    return false;
  }

  static bool is_zero(const uint8_t *page) {
    return page[0] == 0 && memcmp(page, page + 1, kPage - 1) == 0;
  }

  const TrimIo &io_;
  TrimCounts *counts_;
  TrimError *error_;
  bool is_hvm_ = false;
  std::vector<uint8_t> buffer_, body_;
  PageBatch batch_;
  PageSet seen_;
};

} // namespace

bool trim_stream(const TrimIo &io, TrimCounts *counts, TrimError *error) {
  return Trimmer(io, counts, error).run();
}

} // namespace thaw
