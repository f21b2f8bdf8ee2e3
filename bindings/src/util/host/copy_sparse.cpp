// SPDX-License-Identifier: Apache-2.0
// Tries a reflink first. Else copies each range of data by copy_file_range, inside the kernel without a buffer.

#include "util/host/copy_sparse.hpp"

#include "util/host/fd.hpp"

#include <cerrno>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace thaw {
namespace {

constexpr size_t kPiece = 1 << 20;

bool fail(CopyError *error, const char *op, int errnum = errno) {
  *error = {op, errnum};
  return false;
}

/// Copies between file systems for which the kernel has no copy.
bool copy_by_hand(int from, int to, off_t at, off_t end, CopyError *error) {
  std::vector<char> buffer(kPiece);
  while (at < end) {
    size_t wanted = end - at < off_t(kPiece) ? size_t(end - at) : kPiece;
    ssize_t got = pread(from, buffer.data(), wanted, at);
    if (got <= 0)
      return fail(error, "read", got < 0 ? errno : EIO);
    for (ssize_t done = 0; done < got;) {
      ssize_t put = pwrite(to, buffer.data() + done, size_t(got - done), at + done);
      if (put < 0)
        return fail(error, "write");
      done += put;
    }
    at += got;
  }
  return true;
}

bool copy_range(int from, int to, off_t at, off_t end, CopyError *error) {
  off_t in = at, out = at;
  while (in < end) {
    ssize_t done = copy_file_range(from, &in, to, &out, size_t(end - in), 0);
    if (done > 0)
      continue;
    if (done == 0)
      return fail(error, "copy_file_range", EIO);
    if (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP)
      return copy_by_hand(from, to, in, end, error);
    return fail(error, "copy_file_range");
  }
  return true;
}

bool copy_data(int from, int to, CopyError *error) {
  struct stat status;
  if (fstat(from, &status) != 0)
    return fail(error, "stat");
  if (!S_ISREG(status.st_mode))
    return fail(error, "stat", EINVAL);
  if (ioctl(to, FICLONE, from) == 0)
    return true;
  if (ftruncate(to, status.st_size) != 0)
    return fail(error, "truncate");
  for (off_t at = 0; at < status.st_size;) {
    off_t data = lseek(from, at, SEEK_DATA);
    if (data < 0 && errno == ENXIO)
      return true;
    off_t hole = data < 0 ? -1 : lseek(from, data, SEEK_HOLE);
    if (hole < 0)
      return fail(error, "seek");
    if (!copy_range(from, to, data, hole, error))
      return false;
    at = hole;
  }
  return true;
}

} // namespace

bool copy_sparse(const std::string &from, const std::string &to, CopyError *error) {
  Fd source(open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (source < 0)
    return fail(error, "open the source");
  Fd target(open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (target < 0)
    return fail(error, "create");
  if (copy_data(source, target, error))
    return true;
  unlink(to.c_str());
  return false;
}

} // namespace thaw
