// SPDX-License-Identifier: Apache-2.0
// Attaches loop devices by kernel calls (linux/loop.h), without starting a process.
#pragma once

#include <string>

namespace thaw {

/// The call that failed, and its errno.
struct LoopError {
  const char *op = "";
  int errnum = 0;
};

/// Makes a block device of a file, read-only unless `writable`, and stores its path in *device. On failure returns
/// false with *error set, and leaves no device.
bool loop_attach(const std::string &file, bool writable, std::string *device, LoopError *error);

/// Detaches the file from a loop device; a device in use goes with its last user. A device without a file is no
/// error.
bool loop_detach(const std::string &device, LoopError *error);

} // namespace thaw
