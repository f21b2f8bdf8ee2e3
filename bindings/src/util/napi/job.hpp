// SPDX-License-Identifier: Apache-2.0
// A blocking piece of work that runs off the event loop and settles a promise.
#pragma once

#include <memory>
#include <node_api.h>

#include "util/napi/failure.hpp"

namespace thaw {

class Job {
public:
  virtual ~Job() = default;
  /// Does the work, mostly on another thread. False with failure_ set when it failed.
  virtual bool execute() = 0;
  /// Runs on the JavaScript thread, after success; nullptr when the environment no longer runs JavaScript.
  virtual napi_value result(napi_env env) = 0;

  /// Runs the job on libuv's thread pool and returns the promise. For short work: the end of the environment waits
  /// for it.
  static napi_value run(napi_env env, std::unique_ptr<Job> job);

  /// Runs the job at once, on the JavaScript thread, and returns the settled promise. For work that is shorter than a
  /// change of threads.
  static napi_value run_here(napi_env env, std::unique_ptr<Job> job);

  /// Runs the job on a thread of its own, which the end of the environment does not wait for: for work that may block
  /// for ever, such as reading a pipe. The job's destructor may then run on that thread.
  static napi_value run_apart(napi_env env, std::unique_ptr<Job> job);

  /// Settles the promise, on the JavaScript thread.
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
