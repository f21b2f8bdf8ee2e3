// SPDX-License-Identifier: Apache-2.0
// One blocking piece of work on libuv's thread pool that settles a promise.
#pragma once

#include <memory>
#include <node_api.h>

#include "util/failure.hpp"

namespace thaw {

class Job {
public:
  virtual ~Job() = default;
  /// Pool thread. False with failure_ set when it failed.
  virtual bool execute() = 0;
  /// JavaScript thread, after success; nullptr when the environment no longer runs JavaScript.
  virtual napi_value result(napi_env env) = 0;

  /// Queues it and returns the promise.
  static napi_value run(napi_env env, std::unique_ptr<Job> job);

protected:
  Failure failure_;

private:
  static void on_execute(napi_env env, void *job);
  static void on_complete(napi_env env, napi_status status, void *job);

  napi_async_work work_ = nullptr;
  napi_deferred deferred_ = nullptr;
  bool ok_ = false;
};

} // namespace thaw
