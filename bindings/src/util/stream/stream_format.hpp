// SPDX-License-Identifier: Apache-2.0
// The format of a save stream: libxl's records, and inside its LIBXC_CONTEXT record those of libxenguest. Sources:
// Xen's docs/specs/libxl-migration-stream and libxc-migration-stream.
#pragma once

#include <cstddef>
#include <cstdint>

namespace thaw {

constexpr size_t kPage = 4096;

struct RecordHeader {
  uint32_t type;
  uint32_t length;
};

/// Both kinds of records are padded to 8 bytes.
constexpr uint64_t padded(uint32_t length) {
  return (uint64_t(length) + 7) & ~uint64_t(7);
}

// libxl's stream. The numbers of its header are big-endian.
constexpr uint64_t kLibxlIdent = 0x4c6962786c466d74;
constexpr uint32_t kLibxlVersion = 2;
struct LibxlHeader {
  uint64_t ident;
  uint32_t version, options;
};
enum : uint32_t { LIBXL_END = 0, LIBXL_LIBXC_CONTEXT = 1 };

// libxenguest's stream. The numbers of its image header are big-endian.
constexpr uint64_t kLibxcMarker = UINT64_MAX;
constexpr uint32_t kLibxcId = 0x58454e46;
/// libxenguest refuses longer records.
constexpr uint32_t kLibxcRecordMax = 128u << 20;
struct LibxcImageHeader {
  uint64_t marker;
  uint32_t id, version;
  uint16_t options, reserved1;
  uint32_t reserved2;
};
struct LibxcDomainHeader {
  uint32_t type;
  uint16_t page_shift, reserved;
  uint32_t xen_major, xen_minor;
};
static_assert(sizeof(LibxcImageHeader) == 24 && sizeof(LibxcDomainHeader) == 16, "wire sizes");
/// A bit in the options of both headers.
constexpr uint32_t kBigEndian = 1;
enum : uint32_t { DOMAIN_PV = 1, DOMAIN_HVM = 2 };

enum : uint32_t {
  LIBXC_END = 0,
  LIBXC_PAGE_DATA = 1,
  LIBXC_PV_INFO = 2,
  LIBXC_PV_P2M_FRAMES = 3,
  LIBXC_PV_VCPU_BASIC = 4,
  LIBXC_PV_VCPU_EXTENDED = 5,
  LIBXC_PV_VCPU_XSAVE = 6,
  LIBXC_SHARED_INFO = 7,
  LIBXC_TSC_INFO = 8,
  LIBXC_HVM_CONTEXT = 9,
  LIBXC_HVM_PARAMS = 10,
  LIBXC_PV_VCPU_MSRS = 12,
  LIBXC_STATIC_DATA_END = 16,
  LIBXC_CPUID_POLICY = 17,
  LIBXC_MSR_POLICY = 18,
  /// A reader may skip a record of an unknown type that has this bit.
  LIBXC_OPTIONAL = 0x80000000
};

// An entry of a PAGE_DATA record: the frame number, and the type in the highest four bits. Types below BROKEN have
// contents.
enum : uint8_t {
  PAGE_NOTAB = 0,
  PAGE_L1TAB = 1,
  PAGE_L4TAB = 4,
  PAGE_LPIN = 8,
  PAGE_BROKEN = 0xd,
  PAGE_XALLOC = 0xe,
  PAGE_XTAB = 0xf
};
constexpr uint64_t kPfnMask = (uint64_t(1) << 52) - 1;
constexpr uint8_t page_type(uint64_t entry) {
  return uint8_t(entry >> 60);
}
/// These nine values are no types.
constexpr bool is_unknown_type(uint8_t type) {
  return type > PAGE_L4TAB && type <= PAGE_LPIN;
}

} // namespace thaw
