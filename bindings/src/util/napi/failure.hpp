// SPDX-License-Identifier: Apache-2.0
// What went wrong in a native call, and how it becomes the XenError that JavaScript handed in at initialize(): the one
// place where return codes get names.
#pragma once

#include <node_api.h>
#include <string>
#include <vector>

namespace thaw {

struct Failure {
  std::string reason;  ///< libxl's name of the error, or one of ours: NO_XEN, CLOSED, BROKEN, BAD_STREAM …
  const char *op = ""; ///< Native function.
  int rc = 0;
  int64_t domid = -1;
  std::vector<std::string> details; ///< Error-level log lines, oldest first.
  std::string hint;                 ///< What to do; empty when the log says enough.
};

/// `domain_notfound` for ERROR_DOMAIN_NOTFOUND, `unknown` for codes newer than the headers.
std::string rc_name(int rc);

/// `ENOENT` for 2, `errno 1234` for what libc does not know.
std::string errno_name(int errnum);

/// A failure of a call that set errno: reason is its name.
Failure errno_failure(const char *op, int errnum, int64_t domid = -1);

/// Makes the error object; a plain Error when no factory was given or it threw.
napi_value make_error(napi_env env, const Failure &failure);

} // namespace thaw
