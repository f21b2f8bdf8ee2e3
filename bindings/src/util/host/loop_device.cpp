// SPDX-License-Identifier: Apache-2.0
// Makes the ioctls of loop devices, in order, and handles races and older kernels.

#include "util/host/loop_device.hpp"

#include "util/host/fd.hpp"

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace thaw {
namespace {

/// Another process may take a free device between finding and taking it: retries this often.
constexpr int kTries = 64;

bool fail(LoopError *error, const char *op) {
  *error = {op, errno};
  return false;
}

/// Returns 0 or an errno. Linux before 5.8 has no LOOP_CONFIGURE; there a file opened for reading makes a read-only
/// device.
int configure(int device, int file, bool writable, const std::string &name) {
  struct loop_config config = {};
  config.fd = uint32_t(file);
  config.info.lo_flags = writable ? 0 : LO_FLAGS_READ_ONLY;
  snprintf(reinterpret_cast<char *>(config.info.lo_file_name), LO_NAME_SIZE, "%s", name.c_str());
  if (ioctl(device, LOOP_CONFIGURE, &config) == 0)
    return 0;
  if (errno != EINVAL && errno != ENOTTY)
    return errno;
  if (ioctl(device, LOOP_SET_FD, file) != 0)
    return errno;
  if (ioctl(device, LOOP_SET_STATUS64, &config.info) == 0)
    return 0;
  int errnum = errno;
  ioctl(device, LOOP_CLR_FD, 0);
  return errnum;
}

} // namespace

bool loop_attach(const std::string &file, bool writable, std::string *device, LoopError *error) {
  const int access = writable ? O_RDWR : O_RDONLY;
  Fd backing(open(file.c_str(), access | O_CLOEXEC));
  if (backing < 0)
    return fail(error, "open");
  Fd control(open("/dev/loop-control", O_RDWR | O_CLOEXEC));
  if (control < 0)
    return fail(error, "open /dev/loop-control");
  for (int tries = 0;; tries++) {
    int number = ioctl(control, LOOP_CTL_GET_FREE);
    if (number < 0)
      return fail(error, "LOOP_CTL_GET_FREE");
    std::string path = "/dev/loop" + std::to_string(number);
    Fd loop(open(path.c_str(), access | O_CLOEXEC));
    if (loop < 0)
      return fail(error, "open a loop device");
    errno = configure(loop, backing, writable, file);
    if (errno == 0) {
      *device = path;
      return true;
    }
    if (errno != EBUSY || tries >= kTries)
      return fail(error, "LOOP_CONFIGURE");
  }
}

bool loop_detach(const std::string &device, LoopError *error) {
  Fd loop(open(device.c_str(), O_RDONLY | O_CLOEXEC));
  if (loop < 0)
    return fail(error, "open");
  if (ioctl(loop, LOOP_CLR_FD, 0) != 0 && errno != ENXIO)
    return fail(error, "LOOP_CLR_FD");
  return true;
}

} // namespace thaw
