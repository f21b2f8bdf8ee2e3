// SPDX-License-Identifier: Apache-2.0
// Messages from other threads to the JavaScript thread, and their channel: a threadsafe function. The end of the
// environment may cut the channel off at any moment; messages are dropped from then on.
#pragma once

#include <memory>
#include <mutex>
#include <node_api.h>

namespace thaw {

/// One action for the JavaScript thread. Dropped undelivered when the environment has ended.
class Message {
public:
  virtual ~Message() = default;
  virtual void deliver(napi_env env) = 0;
};

/// Thread-safe. The JavaScript thread creates it and cuts it off; any thread uses it.
class Channel {
public:
  /// nullptr when Node-API refuses. The channel starts unreferenced: it does not keep the event loop alive.
  static std::shared_ptr<Channel> open(napi_env env, const char *name);

  void send(std::unique_ptr<Message> message);
  /// Ends sending; the last queued message is still delivered. Any thread. Idempotent.
  void release();
  /// The environment ends: the channel delivers nothing from now on. JavaScript thread.
  void cut_off();
  /// Sets whether the channel keeps the event loop alive. JavaScript thread.
  void ref(napi_env env, bool on);

private:
  std::mutex mutex_;
  napi_threadsafe_function function_ = nullptr;
};

} // namespace thaw
