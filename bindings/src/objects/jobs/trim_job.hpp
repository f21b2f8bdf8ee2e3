// SPDX-License-Identifier: Apache-2.0
// trimStream() and memfdCreate(): trim save streams, and make memfds for them, outside libxl.
#pragma once

#include <node_api.h>

namespace thaw {

napi_value JS_trimStream(napi_env env, napi_callback_info info);
napi_value JS_memfdCreate(napi_env env, napi_callback_info info);

} // namespace thaw
