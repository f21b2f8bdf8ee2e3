// SPDX-License-Identifier: Apache-2.0
// Joins dom0's network interfaces to bridges by kernel calls (linux/if_bridge.h), without starting a process.
#pragma once

#include <string>

namespace thaw {

/// The call that failed, and its errno.
struct LinkError {
  const char *op = "";
  int errnum = 0;
};

/// Makes an interface a port of that bridge only and sets it up, or, when `bridge` is "", a port of none and sets it
/// down. On failure returns false with *error set; the interface may then be a port of no bridge.
bool link_join(const std::string &interface, const std::string &bridge, LinkError *error);

} // namespace thaw
