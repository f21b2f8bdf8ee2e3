// SPDX-License-Identifier: Apache-2.0
// loopAttach() and loopDetach(): attach and detach loop devices off the event loop.
#pragma once

#include <node_api.h>

namespace thaw {

napi_value JS_loopAttach(napi_env env, napi_callback_info info);
napi_value JS_loopDetach(napi_env env, napi_callback_info info);

} // namespace thaw
