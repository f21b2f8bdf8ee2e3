// SPDX-License-Identifier: Apache-2.0
// One blocking piece of work off the event loop that settles a promise.
#pragma once

#include <memory>
#include <node_api.h>

#include "util/napi/failure.hpp"

namespace thaw {

class Job {
public:
  virtual ~Job() = default;
  /// Another thread. False with failure_ set when it failed.
  virtual bool execute() = 0;
  /// JavaScript thread, after success; nullptr when the environment no longer runs JavaScript.
  virtual napi_value result(napi_env env) = 0;

  /// Runs it on libuv's thread pool and returns the promise. For short work: the end of the environment waits for it.
  static napi_value run(napi_env env, std::unique_ptr<Job> job);

  /// Runs it on a thread of its own, which the end of the environment leaves behind: for work that may wait for ever,
  /// such as reading a pipe. Its destructor may then run on that thread.
  static napi_value run_apart(napi_env env, std::unique_ptr<Job> job);

  /// JavaScript thread: settles the promise.
  void settle(napi_env env);

protected:
  Failure failure_;

private:
  static void on_execute(napi_env env, void *job);
  static void on_complete(napi_env env, napi_status status, void *job);
  static void *on_thread(void *apart);

  napi_async_work work_ = nullptr;
  napi_deferred deferred_ = nullptr;
  bool ok_ = false;
};

} // namespace thaw
