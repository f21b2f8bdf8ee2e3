// SPDX-License-Identifier: Apache-2.0
// A socket that hears of changes in another network namespace.
#pragma once

#include <string>

namespace thaw {

struct NamespaceSocketError {
  const char *op = "";
  int errnum = 0;
};

/// Of links, addresses and routes of the namespace at that path. Close-on-exec and non-blocking; -1 with *error.
int namespace_socket(const std::string &path, NamespaceSocketError *error);

} // namespace thaw
