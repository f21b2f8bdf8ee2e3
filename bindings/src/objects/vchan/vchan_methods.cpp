// SPDX-License-Identifier: Apache-2.0
// Reads the arguments of a vchan's methods. A closed handle throws instead of touching an unmapped ring.

#include "objects/vchan/vchan.hpp"
#include "util/napi/args.hpp"
#include "util/napi/failure.hpp"
#include "util/napi/js.hpp"

namespace thaw {
namespace {

/// Returns `this` as an open vchan; nullptr with an exception pending otherwise.
Vchan *open_self(napi_env env, Args &args) {
  auto *vchan = static_cast<Vchan *>(args.self(Vchan::kTag));
  if (vchan == nullptr || !args.ok())
    return nullptr;
  if (vchan->is_open())
    return vchan;
  Failure failure;
  failure.reason = "CLOSED";
  failure.op = "libxenvchan";
  failure.hint = "the vchan is closed";
  napi_throw(env, make_error(env, failure));
  return nullptr;
}

napi_value JS_read(napi_env env, napi_callback_info info) {
  Args args(env, info);
  uint32_t max = args.u32(0);
  Vchan *vchan = open_self(env, args);
  return vchan != nullptr ? vchan->read(env, max) : nullptr;
}

napi_value JS_write(napi_env env, napi_callback_info info) {
  Args args(env, info);
  size_t length = 0;
  const uint8_t *data = args.bytes(0, &length);
  int64_t offset = args.size(1);
  Vchan *vchan = open_self(env, args);
  if (vchan == nullptr)
    return nullptr;
  if (static_cast<uint64_t>(offset) > length) {
    napi_throw_range_error(env, nullptr, "Invalid offset: beyond the data");
    return nullptr;
  }
  return vchan->write(env, data + offset, length - static_cast<size_t>(offset));
}

napi_value JS_state(napi_env env, napi_callback_info info) {
  Args args(env, info);
  Vchan *vchan = open_self(env, args);
  return vchan != nullptr ? js_number(env, vchan->state()) : nullptr;
}

napi_value JS_shutdown(napi_env env, napi_callback_info info) {
  Args args(env, info);
  if (Vchan *vchan = open_self(env, args))
    vchan->shutdown();
  return nullptr;
}

napi_value JS_ref(napi_env env, napi_callback_info info) {
  Args args(env, info);
  bool on = args.boolean(0);
  if (Vchan *vchan = open_self(env, args))
    vchan->ref(on);
  return nullptr;
}

napi_value JS_close(napi_env env, napi_callback_info info) {
  Args args(env, info);
  auto *vchan = static_cast<Vchan *>(args.self(Vchan::kTag));
  if (vchan != nullptr && vchan->is_open())
    vchan->close();
  return nullptr;
}

} // namespace

void define_vchan_methods(napi_env env, napi_value object) {
  js_set_function(env, object, "read", JS_read);
  js_set_function(env, object, "write", JS_write);
  js_set_function(env, object, "state", JS_state);
  js_set_function(env, object, "shutdown", JS_shutdown);
  js_set_function(env, object, "ref", JS_ref);
  js_set_function(env, object, "close", JS_close);
}

} // namespace thaw
