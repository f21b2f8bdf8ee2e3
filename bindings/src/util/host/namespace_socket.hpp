// SPDX-License-Identifier: Apache-2.0
// Opens a socket that receives the changes in another network namespace.
#pragma once

#include <string>

namespace thaw {

struct NamespaceSocketError {
  const char *op = "";
  int errnum = 0;
};

/// Opens a socket for links, addresses and routes of the namespace at that path: close-on-exec and non-blocking. -1
/// with *error.
int namespace_socket(const std::string &path, NamespaceSocketError *error);

} // namespace thaw
