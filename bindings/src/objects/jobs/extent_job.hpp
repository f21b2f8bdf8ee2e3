// SPDX-License-Identifier: Apache-2.0
// nextData(): finds data in a sparse file off the event loop.
#pragma once

#include <node_api.h>

namespace thaw {

napi_value JS_nextData(napi_env env, napi_callback_info info);

} // namespace thaw
