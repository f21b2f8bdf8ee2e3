// SPDX-License-Identifier: Apache-2.0
// The default result, for requests that have none.

#include "util/napi/request.hpp"

#include "util/napi/js.hpp"

namespace thaw {

napi_value Request::result(napi_env env) {
  return js_undefined(env);
}

} // namespace thaw
