// SPDX-License-Identifier: Apache-2.0
// A failure of a native call, and its conversion to the XenError that JavaScript passed to initialize(). No other
// file names return codes.
#pragma once

#include <node_api.h>
#include <string>
#include <vector>

namespace thaw {

struct Failure {
  std::string reason;  ///< libxl's error name, or one of the addon's: NO_XEN, CLOSED, BROKEN, BAD_STREAM …
  const char *op = ""; ///< Native function.
  int rc = 0;
  int64_t domid = -1;
  std::vector<std::string> details; ///< Error-level log lines, oldest first.
  std::string hint;                 ///< Advice to the user; empty when the log is enough.
};

/// `domain_notfound` for ERROR_DOMAIN_NOTFOUND, `unknown` for codes newer than the headers.
std::string rc_name(int rc);

/// `ENOENT` for 2, `errno 1234` for a number that libc does not know.
std::string errno_name(int errnum);

/// The failure of a call that set errno; reason is errno's name.
Failure errno_failure(const char *op, int errnum, int64_t domid = -1);

/// Makes the error object; a plain Error without a factory or when the factory threw.
napi_value make_error(napi_env env, const Failure &failure);

} // namespace thaw
