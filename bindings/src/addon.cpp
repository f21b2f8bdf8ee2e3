// SPDX-License-Identifier: Apache-2.0
// Defines the addon's exports. Reading order: util/request.hpp, objects/libxl_thread.hpp, objects/context.hpp,
// objects/requests.hpp, objects/vchan.hpp, util/trim_stream.hpp, clone/cloner.hpp. Each environment has its own state
// (util/env.hpp). The library itself is never unloaded (-z nodelete), because a libxl thread may outlive the Worker
// that loaded it.

#include <node_api.h>

#include "objects/jobs/copy_job.hpp"
#include "objects/jobs/extent_job.hpp"
#include "objects/jobs/image.hpp"
#include "objects/jobs/link_job.hpp"
#include "objects/jobs/loop_job.hpp"
#include "objects/jobs/netlink_job.hpp"
#include "objects/jobs/peer.hpp"
#include "objects/jobs/route_watch.hpp"
#include "objects/jobs/trim_job.hpp"
#include "objects/libxl/context.hpp"
#include "objects/vchan/vchan.hpp"
#include "util/napi/args.hpp"
#include "util/napi/env.hpp"
#include "util/napi/js.hpp"

namespace thaw {

/// initialize(makeError): must be the first call. Until then errors are plain Errors.
static napi_value JS_initialize(napi_env env, napi_callback_info info) {
  Args args(env, info);
  napi_value factory = args.function(0);
  if (args.ok())
    EnvData::of(env)->set_error_factory(env, factory);
  return nullptr;
}

} // namespace thaw

NAPI_MODULE_INIT() {
  thaw::EnvData::create(env);
  thaw::js_set_function(env, exports, "initialize", thaw::JS_initialize);
  thaw::js_set_function(env, exports, "openContext", thaw::Context::JS_open);
  thaw::js_set_function(env, exports, "vchanAttach", thaw::JS_vchanAttach);
  thaw::js_set_function(env, exports, "vchanConnect", thaw::JS_vchanConnect);
  thaw::js_set_function(env, exports, "vchanListen", thaw::JS_vchanListen);
  thaw::js_set_function(env, exports, "trimStream", thaw::JS_trimStream);
  thaw::js_set_function(env, exports, "memfdCreate", thaw::JS_memfdCreate);
  thaw::js_set_function(env, exports, "openImage", thaw::JS_openImage);
  thaw::js_set_function(env, exports, "loopAttach", thaw::JS_loopAttach);
  thaw::js_set_function(env, exports, "loopDetach", thaw::JS_loopDetach);
  thaw::js_set_function(env, exports, "linkJoin", thaw::JS_linkJoin);
  thaw::js_set_function(env, exports, "netlinkSend", thaw::JS_netlinkSend);
  thaw::js_set_function(env, exports, "routeWatch", thaw::JS_routeWatch);
  thaw::js_set_function(env, exports, "peerCredentials", thaw::JS_peerCredentials);
  thaw::js_set_function(env, exports, "copySparse", thaw::JS_copySparse);
  thaw::js_set_function(env, exports, "nextData", thaw::JS_nextData);
  return exports;
}
