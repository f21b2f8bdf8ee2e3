// SPDX-License-Identifier: Apache-2.0
// Network interfaces of dom0 and bridges by the kernel's own calls (linux/if_bridge.h): no process is started for one.
#pragma once

#include <string>

namespace thaw {

/// Which call failed, and its errno.
struct LinkError {
  const char *op = "";
  int errnum = 0;
};

/// Makes an interface a port of that bridge and of no other, or of none when `bridge` is "", and takes it up. False
/// with *error set; it may then be a port of none.
bool link_join(const std::string &interface, const std::string &bridge, LinkError *error);

} // namespace thaw
