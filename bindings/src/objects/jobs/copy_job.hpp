// SPDX-License-Identifier: Apache-2.0
// copySparse(): copies a file off the event loop.
#pragma once

#include <node_api.h>

namespace thaw {

napi_value JS_copySparse(napi_env env, napi_callback_info info);

} // namespace thaw
