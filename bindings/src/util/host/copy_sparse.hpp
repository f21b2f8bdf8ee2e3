// SPDX-License-Identifier: Apache-2.0
// Copies of large files that are mostly holes.
#pragma once

#include <string>

namespace thaw {

/// Which call failed, and its errno.
struct CopyError {
  const char *op = "";
  int errnum = 0;
};

/// Copies a regular file to one that must not be there yet; holes stay holes. False with *error set; nothing is left
/// then.
bool copy_sparse(const std::string &from, const std::string &to, CopyError *error);

} // namespace thaw
