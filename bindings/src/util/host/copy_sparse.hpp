// SPDX-License-Identifier: Apache-2.0
// Copies large sparse files.
#pragma once

#include <string>

namespace thaw {

/// The call that failed, and its errno.
struct CopyError {
  const char *op = "";
  int errnum = 0;
};

/// Copies a regular file to a path that must not exist yet; holes stay holes. On failure returns false with *error
/// set, and leaves no file.
bool copy_sparse(const std::string &from, const std::string &to, CopyError *error);

} // namespace thaw
