// SPDX-License-Identifier: Apache-2.0
// linkJoin(): joins interfaces to bridges off the event loop.
#pragma once

#include <node_api.h>

namespace thaw {

napi_value JS_linkJoin(napi_env env, napi_callback_info info);

} // namespace thaw
