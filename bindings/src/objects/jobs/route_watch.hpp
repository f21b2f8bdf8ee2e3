// SPDX-License-Identifier: Apache-2.0
// routeWatch(): watches the interfaces, addresses and routes of a network namespace, with a callback for each batch
// of the kernel's messages (rtnetlink(7)). JavaScript thread only.
#pragma once

#include <node_api.h>
#include <string>
#include <uv.h>

namespace thaw {

class RouteWatch {
public:
  /// Takes ownership of the socket and returns its object; nullptr when the environment no longer runs JavaScript.
  static napi_value make(napi_env env, int fd, std::string ignored, napi_ref on_event);

private:
  /// libuv needs the handle until it has closed it, longer than the object may live.
  struct Handle {
    uv_poll_t poll;
    RouteWatch *owner;
    napi_async_cleanup_hook_handle hook;
    int fd;
  };

  RouteWatch(napi_env env, std::string ignored, napi_ref on_event)
      : env_(env), ignored_(std::move(ignored)), on_event_(on_event) {
  }
  ~RouteWatch();
  static napi_value JS_close(napi_env env, napi_callback_info info);
  static void on_poll(uv_poll_t *poll, int status, int events);
  static void on_closed(uv_handle_t *handle);
  static void on_end(napi_async_cleanup_hook_handle hook, void *handle);
  void call_listener();
  void close();

  napi_env env_;
  std::string ignored_; ///< The beginning of the names of ignored links.
  napi_ref on_event_;
  napi_async_context async_context_ = nullptr;
  Handle *handle_ = nullptr;
};

/// routeWatch(path, ignored, onEvent): watches the namespace at /proc/PID/ns/net. It does not keep the event loop
/// alive.
napi_value JS_routeWatch(napi_env env, napi_callback_info info);

} // namespace thaw
