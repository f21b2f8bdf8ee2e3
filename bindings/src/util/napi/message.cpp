// SPDX-License-Identifier: Apache-2.0
// Implements the channel over napi_threadsafe_function.

#include "util/napi/message.hpp"

#include "util/napi/js.hpp"

namespace thaw {

static void deliver(napi_env env, napi_value, void *, void *data) {
  std::unique_ptr<Message> message(static_cast<Message *>(data));
  if (env != nullptr) // nullptr: the environment is being torn down.
    message->deliver(env);
}

std::shared_ptr<Channel> Channel::open(napi_env env, const char *name) {
  auto channel = std::make_shared<Channel>();
  if (napi_create_threadsafe_function(env, nullptr, nullptr, js_string(env, name), 0, 1, nullptr, nullptr, nullptr,
                                      deliver, &channel->function_) != napi_ok)
    return nullptr;
  napi_unref_threadsafe_function(env, channel->function_);
  return channel;
}

void Channel::send(std::unique_ptr<Message> message) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (function_ == nullptr)
    return;
  if (napi_call_threadsafe_function(function_, message.get(), napi_tsfn_nonblocking) == napi_ok)
    message.release();
}

void Channel::release() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (function_ != nullptr)
    napi_release_threadsafe_function(function_, napi_tsfn_release);
  function_ = nullptr;
}

void Channel::cut_off() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (function_ != nullptr)
    napi_release_threadsafe_function(function_, napi_tsfn_abort);
  function_ = nullptr;
}

void Channel::ref(napi_env env, bool on) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (function_ == nullptr)
    return;
  if (on)
    napi_ref_threadsafe_function(env, function_);
  else
    napi_unref_threadsafe_function(env, function_);
}

} // namespace thaw
