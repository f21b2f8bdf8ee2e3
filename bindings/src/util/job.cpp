// SPDX-License-Identifier: Apache-2.0
// Jobs over napi_async_work, which Node waits for when an environment ends.

#include "util/job.hpp"

#include "util/js.hpp"

namespace thaw {

napi_value Job::run(napi_env env, std::unique_ptr<Job> job) {
  napi_value promise;
  napi_create_promise(env, &job->deferred_, &promise);
  napi_create_async_work(env, nullptr, js_string(env, "thaw:job"), on_execute, on_complete, job.get(), &job->work_);
  napi_queue_async_work(env, job->work_);
  job.release(); // on_complete deletes it.
  return promise;
}

void Job::on_execute(napi_env, void *data) {
  auto *job = static_cast<Job *>(data);
  job->ok_ = job->execute();
}

void Job::on_complete(napi_env env, napi_status, void *data) {
  std::unique_ptr<Job> job(static_cast<Job *>(data));
  if (job->ok_) {
    napi_value result = job->result(env);
    if (result != nullptr)
      napi_resolve_deferred(env, job->deferred_, result);
  } else {
    napi_reject_deferred(env, job->deferred_, make_error(env, job->failure_));
  }
  napi_delete_async_work(env, job->work_);
}

} // namespace thaw
