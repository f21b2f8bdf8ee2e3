// SPDX-License-Identifier: Apache-2.0
// The addon's state of each JavaScript environment (main thread, each Worker): the error factory. There is no
// process-wide state.
#pragma once

#include <node_api.h>

namespace thaw {

class EnvData {
public:
  /// Creates the state for this environment, which frees it at its end.
  static void create(napi_env env);
  static EnvData *of(napi_env env);

  void set_error_factory(napi_env env, napi_value factory);
  /// The factory, or nullptr before initialize().
  napi_value error_factory(napi_env env) const;

private:
  napi_ref factory_ = nullptr;
};

} // namespace thaw
