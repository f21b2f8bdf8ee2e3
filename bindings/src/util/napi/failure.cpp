// SPDX-License-Identifier: Apache-2.0
// Names return codes, and calls the error factory.

#include "util/napi/failure.hpp"

#include <cstring>

#include "util/napi/env.hpp"
#include "util/napi/js.hpp"
#include "util/xen/xen.hpp"

namespace thaw {

std::string rc_name(int rc) {
  const char *name = libxl_error_to_string(static_cast<libxl_error>(rc));
  return name != nullptr ? name : "unknown";
}

std::string errno_name(int errnum) {
  const char *name = strerrorname_np(errnum);
  return name != nullptr ? name : "errno " + std::to_string(errnum);
}

Failure errno_failure(const char *op, int errnum, int64_t domid) {
  Failure failure;
  failure.reason = errno_name(errnum);
  failure.op = op;
  failure.rc = -errnum;
  failure.domid = domid;
  failure.hint = strerror(errnum);
  return failure;
}

napi_value make_error(napi_env env, const Failure &failure) {
  napi_value info = js_object(env), error = nullptr;
  js_set(env, info, "reason", js_string(env, failure.reason));
  js_set(env, info, "op", js_string(env, failure.op));
  js_set(env, info, "rc", js_number(env, failure.rc));
  if (failure.domid >= 0)
    js_set(env, info, "domid", js_number(env, static_cast<double>(failure.domid)));
  if (!failure.hint.empty())
    js_set(env, info, "hint", js_string(env, failure.hint));
  napi_value details;
  napi_create_array(env, &details);
  for (size_t i = 0; i < failure.details.size(); i++)
    napi_set_element(env, details, static_cast<uint32_t>(i), js_string(env, failure.details[i]));
  js_set(env, info, "details", details);

  napi_value factory = EnvData::of(env)->error_factory(env);
  if (factory != nullptr && napi_call_function(env, js_undefined(env), factory, 1, &info, &error) == napi_ok)
    return error;
  napi_value thrown; // An exception in the factory must not hide the failure itself.
  napi_get_and_clear_last_exception(env, &thrown);
  napi_create_error(env, js_string(env, failure.reason), js_string(env, failure.op), &error);
  return error;
}

} // namespace thaw
