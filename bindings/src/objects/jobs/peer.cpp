// SPDX-License-Identifier: Apache-2.0
// Hands a peer's credentials to JavaScript.

#include "objects/jobs/peer.hpp"

#include "util/host/fd.hpp"
#include "util/host/peer.hpp"
#include "util/napi/args.hpp"
#include "util/napi/failure.hpp"
#include "util/napi/js.hpp"

namespace thaw {

napi_value JS_peerCredentials(napi_env env, napi_callback_info info) {
  Args args(env, info);
  Fd fd(args.duplicated_fd(0));
  if (!args.ok())
    return nullptr;
  Peer peer;
  int errnum = peer_of(fd, &peer);
  if (errnum != 0) {
    napi_throw(env, make_error(env, errno_failure("peer_credentials", errnum)));
    return nullptr;
  }
  napi_value groups = nullptr;
  napi_create_array_with_length(env, peer.groups.size(), &groups);
  for (size_t i = 0; i < peer.groups.size(); i++)
    napi_set_element(env, groups, uint32_t(i), js_number(env, peer.groups[i]));
  napi_value result = js_object(env);
  js_set(env, result, "pid", js_number(env, peer.pid));
  js_set(env, result, "uid", js_number(env, peer.uid));
  js_set(env, result, "gid", js_number(env, peer.gid));
  js_set(env, result, "groups", groups);
  return result;
}

} // namespace thaw
