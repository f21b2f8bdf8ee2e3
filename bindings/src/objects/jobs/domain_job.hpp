// SPDX-License-Identifier: Apache-2.0
// Calls libxenctrl on one domain in jobs of libuv's pool. These calls may take long (Xen frees a domain's memory) or
// must not wait for libxl.
#pragma once

#include <cstdint>
#include <node_api.h>

namespace thaw {

/// xc_domain_destroy(domid) and xc_domain_unpause(domid): promises.
napi_value start_xc_destroy(napi_env env, uint32_t domid);
napi_value start_xc_unpause(napi_env env, uint32_t domid);

} // namespace thaw
