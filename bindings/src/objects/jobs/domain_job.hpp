// SPDX-License-Identifier: Apache-2.0
// Calls of libxenctrl on one domain that may take long (a domain's memory is given back) or must not wait for libxl:
// jobs of libuv's pool.
#pragma once

#include <cstdint>
#include <node_api.h>

namespace thaw {

/// xc_domain_destroy(domid) and xc_domain_unpause(domid): promises.
napi_value start_xc_destroy(napi_env env, uint32_t domid);
napi_value start_xc_unpause(napi_env env, uint32_t domid);

} // namespace thaw
