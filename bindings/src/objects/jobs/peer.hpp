// SPDX-License-Identifier: Apache-2.0
// peerCredentials(): names the process at the other end of a unix socket. It waits for nothing, so it runs at once.
#pragma once

#include <node_api.h>

namespace thaw {

napi_value JS_peerCredentials(napi_env env, napi_callback_info info);

} // namespace thaw
