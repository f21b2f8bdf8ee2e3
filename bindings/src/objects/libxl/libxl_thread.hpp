// SPDX-License-Identifier: Apache-2.0
// The one thread that owns a libxl context. It runs libxl's event loop (osevent beforepoll and afterpoll around
// poll), starts requests from a queue and sends their results to the JavaScript thread. No other thread calls libxl
// with that context.
//
// Lifecycle, in this order: start() → Opened message → requests → close() → running operations are aborted and waited
// for → watches off → context freed → Closed message. The thread owns itself, so an environment may end while libxl
// is still busy.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "util/napi/message.hpp"
#include "util/napi/request.hpp"
#include "util/xen/children.hpp"
#include "util/xen/death_watches.hpp"
#include "util/xen/log.hpp"
#include "util/xen/op_log.hpp"

namespace thaw {

/// Receives the thread's messages, on the JavaScript thread.
class ThreadListener {
public:
  virtual ~ThreadListener() = default;
  /// `failure` is nullptr when the context is open. After a failure only on_closed follows.
  virtual void on_opened(napi_env env, const Failure *failure) = 0;
  virtual void on_settled(napi_env env, Request &request, const Failure *failure) = 0;
  virtual void on_log(napi_env env, const LogLine &line) = 0;
  virtual void on_event(napi_env env, const DomainEvent &event) = 0;
  virtual void on_closed(napi_env env) = 0;
};

class LibxlThread {
public:
  static std::shared_ptr<LibxlThread> start(std::shared_ptr<Channel> channel, std::weak_ptr<ThreadListener> listener,
                                            bool debug);
  ~LibxlThread();

  // From any thread:

  /// False once close() was called; the caller then keeps the request.
  bool submit(std::unique_ptr<Request> &request);
  /// Asks libxl to abort a request; no effect when it has ended.
  void abort(uint32_t id);
  void close();
  /// Waits until the thread has freed the context; false after the timeout.
  bool wait_done(int timeout_ms);

private:
  LibxlThread(std::shared_ptr<Channel> channel, std::weak_ptr<ThreadListener> listener, bool debug);

  // On the thread (libxl_thread.cpp):
  static void *run(void *self);
  bool open(Failure *failure);
  bool take_work();
  void shut();

  // On the thread (libxl_thread_loop.cpp):
  void start_request(std::unique_ptr<Request> request);
  void abort_wanted();
  void settle_complete();
  bool has_ended(Request &request);
  void settle(std::unique_ptr<Request> request, const Failure *failure);
  void poll_once();
  void fail_all(const char *reason);
  Failure failure_of(Request &request);
  void log(LogLine line);
  static void on_complete(libxl_ctx *ctx, int rc, void *request);
  static void on_event(void *self, libxl_event *event);
  static void on_disaster(void *self, libxl_event_type type, const char *what, int errnum);

  const std::shared_ptr<Channel> channel_;
  const std::weak_ptr<ThreadListener> listener_;
  const int wake_fd_;

  std::mutex mutex_; ///< Guards the next block. Never held while libxl or Node-API is called.
  std::deque<std::unique_ptr<Request>> queue_;
  std::vector<uint32_t> aborts_;
  bool is_closing_ = false, is_done_ = false;
  std::condition_variable done_;

  std::function<void(LogLine)> sink_;
  Logger logger_;
  libxl_childproc_hooks child_hooks_;
  libxl_event_hooks event_hooks_;
  Children children_;
  OpLog op_log_;
  DeathWatches watches_;
  Xen xen_ = {nullptr, nullptr, nullptr};
  std::vector<std::unique_ptr<Request>> in_flight_;
  const Request *starting_ = nullptr;
  std::string disaster_; ///< Not empty: libxl had a disaster, its context must not be used any more.
  std::vector<pollfd> fds_;
};

} // namespace thaw
