// SPDX-License-Identifier: Apache-2.0
// Loop devices by the kernel's own calls (linux/loop.h): no process is started for one.
#pragma once

#include <string>

namespace thaw {

/// Which call failed, and its errno.
struct LoopError {
  const char *op = "";
  int errnum = 0;
};

/// Makes a block device of a file, read-only unless `writable`; its path goes to *device. False with *error set;
/// nothing is left then.
bool loop_attach(const std::string &file, bool writable, std::string *device, LoopError *error);

/// Takes the file off a loop device; one that is in use goes with its last user. A device without a file is no error.
bool loop_detach(const std::string &device, LoopError *error);

} // namespace thaw
