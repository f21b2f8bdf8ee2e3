// SPDX-License-Identifier: Apache-2.0
// What other threads send to the JavaScript thread, and the channel it goes through: a threadsafe function that may be
// cut off at any moment because its environment ends, after which messages are dropped.
#pragma once

#include <memory>
#include <mutex>
#include <node_api.h>

namespace thaw {

/// One thing to do on the JavaScript thread. Dropped undelivered when the environment is gone.
class Message {
public:
  virtual ~Message() = default;
  virtual void deliver(napi_env env) = 0;
};

/// Thread-safe. Created and cut off on the JavaScript thread, used from any.
class Channel {
public:
  /// nullptr when Node-API refuses. The channel starts unreferenced: it does not keep the event loop alive.
  static std::shared_ptr<Channel> open(napi_env env, const char *name);

  void send(std::unique_ptr<Message> message);
  /// No more sends; the last one queued is still delivered. Any thread. Idempotent.
  void release();
  /// The environment ends: nothing is delivered from now on. JavaScript thread.
  void cut_off();
  /// Whether the channel keeps the event loop alive. JavaScript thread.
  void ref(napi_env env, bool on);

private:
  std::mutex mutex_;
  napi_threadsafe_function function_ = nullptr;
};

} // namespace thaw
