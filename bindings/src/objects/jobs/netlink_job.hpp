// SPDX-License-Identifier: Apache-2.0
// netlinkSend(): sends netlink messages off the event loop.
#pragma once

#include <node_api.h>

namespace thaw {

napi_value JS_netlinkSend(napi_env env, napi_callback_info info);

} // namespace thaw
