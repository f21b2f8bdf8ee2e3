// SPDX-License-Identifier: Apache-2.0
// Runs jobs over napi_async_work, which Node waits for when an environment ends.

#include "util/napi/job.hpp"

#include "util/napi/js.hpp"
#include "util/napi/message.hpp"
#include "util/napi/thread.hpp"

namespace thaw {

napi_value Job::run(napi_env env, std::unique_ptr<Job> job) {
  napi_value promise;
  napi_create_promise(env, &job->deferred_, &promise);
  napi_create_async_work(env, nullptr, js_string(env, "thaw:job"), on_execute, on_complete, job.get(), &job->work_);
  napi_queue_async_work(env, job->work_);
  job.release(); // on_complete deletes it.
  return promise;
}

napi_value Job::run_here(napi_env env, std::unique_ptr<Job> job) {
  napi_value promise;
  napi_create_promise(env, &job->deferred_, &promise);
  job->ok_ = job->execute();
  job->settle(env);
  return promise;
}

void Job::on_execute(napi_env, void *data) {
  auto *job = static_cast<Job *>(data);
  job->ok_ = job->execute();
}

void Job::on_complete(napi_env env, napi_status, void *data) {
  std::unique_ptr<Job> job(static_cast<Job *>(data));
  job->settle(env);
  napi_delete_async_work(env, job->work_);
}

void Job::settle(napi_env env) {
  if (!ok_) {
    napi_reject_deferred(env, deferred_, make_error(env, failure_));
    return;
  }
  napi_value value = result(env);
  if (value != nullptr)
    napi_resolve_deferred(env, deferred_, value);
}

namespace {

/// A job on its own thread, and the channel for its result.
struct Apart {
  std::unique_ptr<Job> job;
  std::shared_ptr<Channel> channel;
  std::shared_ptr<Channel> *hook_argument;
};

void cut_off(void *argument) {
  std::unique_ptr<std::shared_ptr<Channel>> channel(static_cast<std::shared_ptr<Channel> *>(argument));
  (*channel)->cut_off();
}

class DoneMessage : public Message {
public:
  explicit DoneMessage(std::unique_ptr<Apart> apart) : apart_(std::move(apart)) {
  }
  void deliver(napi_env env) override {
    // Here, not when the thread gets to it: without the hook nothing would tell the thread that the environment
    // ended.
    apart_->channel->release();
    napi_remove_env_cleanup_hook(env, cut_off, apart_->hook_argument);
    delete apart_->hook_argument;
    apart_->job->settle(env);
  }

private:
  std::unique_ptr<Apart> apart_;
};

} // namespace

napi_value Job::run_apart(napi_env env, std::unique_ptr<Job> job) {
  auto apart = std::make_unique<Apart>();
  apart->channel = Channel::open(env, "thaw:job");
  if (apart->channel == nullptr) {
    napi_throw_error(env, nullptr, "Cannot make a threadsafe function");
    return nullptr;
  }
  napi_value promise;
  napi_create_promise(env, &job->deferred_, &promise);
  apart->channel->ref(env, true);
  apart->hook_argument = new std::shared_ptr<Channel>(apart->channel);
  napi_add_env_cleanup_hook(env, cut_off, apart->hook_argument);
  apart->job = std::move(job);
  if (start_detached("thaw-job", on_thread, apart.get())) {
    apart.release();
    return promise;
  }
  apart->channel->release();
  apart->job->failure_.reason = "NOMEM";
  apart->job->failure_.op = "pthread_create";
  DoneMessage(std::move(apart)).deliver(env);
  return promise;
}

void *Job::on_thread(void *data) {
  std::unique_ptr<Apart> apart(static_cast<Apart *>(data));
  apart->job->ok_ = apart->job->execute();
  auto channel = apart->channel;
  channel->send(std::make_unique<DoneMessage>(std::move(apart)));
  channel->release();
  return nullptr;
}

} // namespace thaw
