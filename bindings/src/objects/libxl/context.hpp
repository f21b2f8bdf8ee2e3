// SPDX-License-Identifier: Apache-2.0
// The JavaScript side of a libxl context: the object that openContext() resolves with. It turns method calls into
// requests, and the libxl thread's messages into settled promises and callbacks. JavaScript thread only.
//
// Lifetime: the JavaScript object, each running call and each death watch keep it alive. When it is collected, its
// thread closes.
#pragma once

#include <memory>
#include <node_api.h>

#include "objects/libxl/libxl_thread.hpp"

namespace thaw {

class Context : public ThreadListener, public std::enable_shared_from_this<Context> {
public:
  /// openContext(onLog, onEvent, logDebug): returns a promise.
  static napi_value JS_open(napi_env env, napi_callback_info info);
  static const napi_type_tag kTag;

  /// Queues a request and returns its promise, rejected at once when the context is closed.
  napi_value submit(napi_env env, std::unique_ptr<Request> request);
  napi_value close(napi_env env);
  void abort(uint32_t id) {
    thread_->abort(id);
  }
  /// While `on`, the event loop and the object stay alive as if a call were running: for death watches.
  void hold_for_events(napi_env env, bool on);
  /// Called when the environment ends (cleanup hook).
  void end();

  void on_opened(napi_env env, const Failure *failure) override;
  void on_settled(napi_env env, Request &request, const Failure *failure) override;
  void on_log(napi_env env, const LogLine &line) override;
  void on_event(napi_env env, const DomainEvent &event) override;
  void on_closed(napi_env env) override;

private:
  napi_value make_object(napi_env env);
  void hold(napi_env env);
  void drop(napi_env env);

  std::shared_ptr<Channel> channel_;
  std::shared_ptr<LibxlThread> thread_;
  napi_ref on_log_ = nullptr, on_event_ = nullptr;
  napi_ref object_ = nullptr; ///< Weak while no call and no watch holds it.
  napi_deferred opening_ = nullptr;
  std::vector<napi_deferred> closing_;
  unsigned holds_ = 0;
  bool is_closed_ = false, is_held_for_events_ = false;
  void *cleanup_ = nullptr; ///< The cleanup hook's argument: a shared_ptr to this, on the heap.
};

/// The methods of the object, in context_methods.cpp.
void define_context_methods(napi_env env, napi_value object);

} // namespace thaw
