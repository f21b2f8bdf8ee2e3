// SPDX-License-Identifier: Apache-2.0
// Keeps per-environment state as Node-API instance data.

#include "util/napi/env.hpp"

namespace thaw {

void EnvData::create(napi_env env) {
  auto finalize = [](napi_env, void *data, void *) { delete static_cast<EnvData *>(data); };
  napi_set_instance_data(env, new EnvData(), finalize, nullptr);
}

EnvData *EnvData::of(napi_env env) {
  void *data = nullptr;
  napi_get_instance_data(env, &data);
  return static_cast<EnvData *>(data);
}

void EnvData::set_error_factory(napi_env env, napi_value factory) {
  if (factory_ != nullptr)
    napi_delete_reference(env, factory_);
  napi_create_reference(env, factory, 1, &factory_);
}

napi_value EnvData::error_factory(napi_env env) const {
  napi_value factory = nullptr;
  if (factory_ != nullptr)
    napi_get_reference_value(env, factory_, &factory);
  return factory;
}

} // namespace thaw
