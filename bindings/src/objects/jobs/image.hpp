// SPDX-License-Identifier: Apache-2.0
// openImage(fd): a template's stream as a JavaScript object that makes clones.
#pragma once

#include <node_api.h>

namespace thaw {

napi_value JS_openImage(napi_env env, napi_callback_info info);

} // namespace thaw
