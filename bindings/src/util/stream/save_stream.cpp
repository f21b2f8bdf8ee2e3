// SPDX-License-Identifier: Apache-2.0
// Checks the head of a save stream.

#include "util/stream/save_stream.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <endian.h>
#include <unistd.h>

namespace thaw {
namespace {

/// libxl's stream header and the header of the first record, which is LIBXC_CONTEXT.
struct Head {
  uint64_t ident;
  uint32_t version, options; // Big-endian, like the ident.
  uint32_t type, length;
};
static_assert(sizeof(Head) == 24, "wire size");

constexpr uint64_t kIdent = 0x4c6962786c466d74;
constexpr uint32_t kLibxcContext = 1;

} // namespace

SaveStream::~SaveStream() {
  if (fd_ >= 0)
    close(fd_);
}

const char *SaveStream::check_readable() {
  start_ = lseek(fd_, 0, SEEK_CUR);
  if (start_ < 0)
    return "a save stream must be in a file or memfd, not a pipe or socket";
  Head head;
  if (pread(fd_, &head, sizeof head, start_) != static_cast<ssize_t>(sizeof head))
    return "the descriptor is at the end of its file, reopen it for an offset of its own";
  if (be64toh(head.ident) != kIdent)
    return "no libxl stream: wrong magic";
  if (be32toh(head.version) != 2 || (be32toh(head.options) & 1) != 0)
    return "libxl stream of another version or byte order";
  if (head.type != kLibxcContext || head.length != 0)
    return "libxl stream without its first record";
  return nullptr;
}

int SaveStream::check_writable() {
  start_ = lseek(fd_, 0, SEEK_CUR);
  if (start_ < 0)
    return errno;
  static const char zeros[sizeof(Head)] = {};
  ssize_t r = pwrite(fd_, zeros, sizeof zeros, start_);
  if (r < 0)
    return errno;
  return r == static_cast<ssize_t>(sizeof zeros) ? 0 : ENOSPC;
}

bool SaveStream::is_past_head() const {
  return lseek(fd_, 0, SEEK_CUR) >= start_ + static_cast<off_t>(sizeof(Head));
}

} // namespace thaw
