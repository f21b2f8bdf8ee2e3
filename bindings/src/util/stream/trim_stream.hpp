// SPDX-License-Identifier: Apache-2.0
// Removes the zero pages of a save stream. libxl's v2 stream is copied record by record. In the libxenguest stream
// inside its LIBXC_CONTEXT record, every all-zero page of normal type becomes XALLOC (populate, no data), the holes
// of an HVM domain drop out, and small PAGE_DATA records become large ones. Formats: Xen's
// docs/specs/libxl-migration-stream and libxc-migration-stream. Input is checked before use.
#pragma once

#include <cstddef>
#include <cstdint>

namespace thaw {

/// The source and the target of the bytes. Both callbacks return 0 or an errno value.
struct TrimIo {
  void *user;
  /// Fills `length` bytes, fewer only at the end of the input; sets *got.
  int (*read)(void *user, void *data, size_t length, size_t *got);
  int (*write)(void *user, const void *data, size_t length);
};

struct TrimCounts {
  uint64_t pages = 0;      ///< Entries in PAGE_DATA records, of any type.
  uint64_t data_pages = 0; ///< Pages written with contents.
  uint64_t zero_pages = 0; ///< Pages made allocate-only.
  uint64_t bytes = 0;      ///< Bytes written.
};

/// The fault, and the errno of a failed read or write (0 for a bad stream).
struct TrimError {
  char what[96] = "";
  int errnum = 0;
};

/// Copies the whole stream, up to and including libxl's END record. Returns false with *error set on the first fault;
/// the output written until then is useless.
bool trim_stream(const TrimIo &io, TrimCounts *counts, TrimError *error);

} // namespace thaw
