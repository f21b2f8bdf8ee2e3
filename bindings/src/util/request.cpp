// SPDX-License-Identifier: Apache-2.0
// The result of requests that have none.

#include "util/request.hpp"

#include "util/js.hpp"

namespace thaw {

napi_value Request::result(napi_env env) {
  return js_undefined(env);
}

} // namespace thaw
