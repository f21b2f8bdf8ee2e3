// SPDX-License-Identifier: Apache-2.0
// One end of a libxenvchan as a JavaScript object: non-blocking reads and writes of the rings, and a callback for
// each event-channel event. The event loop of the environment that opened it (a Worker's too) watches the events.
// JavaScript thread only.
#pragma once

#include <memory>
#include <node_api.h>
#include <uv.h>

#include "util/xen/log.hpp"

extern "C" {
#include <libxenvchan.h>
}

namespace thaw {

/// The ring and the logger that it keeps using. It is freed where it may block, because a server removes its xenstore
/// nodes.
struct Ring {
  std::function<void(LogLine)> sink;
  std::unique_ptr<Logger> logger;
  std::vector<std::string> lines; ///< Error lines logged by its opening.
  libxenvchan *vchan = nullptr;
  bool is_server = false;

  Ring();
  ~Ring();
};

class Vchan {
public:
  static const napi_type_tag kTag;
  /// Takes ownership of the ring and returns its object; nullptr when the environment no longer runs JavaScript.
  static napi_value make(napi_env env, std::unique_ptr<Ring> ring, napi_ref on_event);

  napi_value read(napi_env env, uint32_t max);
  napi_value write(napi_env env, const uint8_t *data, size_t length);
  int state() const;
  void shutdown();
  void ref(bool on);
  void close();
  bool is_open() const {
    return ring_ != nullptr;
  }

private:
  /// libuv needs the handle until it has closed it, longer than the object may live.
  struct Handle {
    uv_poll_t poll;
    Vchan *owner;
    napi_async_cleanup_hook_handle hook;
  };

  Vchan(napi_env env, std::unique_ptr<Ring> ring, napi_ref on_event);
  ~Vchan();
  static void on_poll(uv_poll_t *poll, int status, int events);
  static void on_closed(uv_handle_t *handle);
  static void on_end(napi_async_cleanup_hook_handle hook, void *handle);
  /// Stops watching and unmaps. When the environment ends, a server's xenstore nodes are removed in this call.
  void shut(bool is_ending);
  void call_listener();

  napi_env env_;
  std::unique_ptr<Ring> ring_;
  Handle *handle_ = nullptr;
  napi_ref on_event_;
  napi_async_context async_context_ = nullptr;
};

/// vchanAttach(domid, ringRef, port, order, onEvent), vchanConnect(domid, path, onEvent) and vchanListen(domid, path,
/// leftMin, rightMin, onEvent), in vchan_open.cpp.
napi_value JS_vchanAttach(napi_env env, napi_callback_info info);
napi_value JS_vchanConnect(napi_env env, napi_callback_info info);
napi_value JS_vchanListen(napi_env env, napi_callback_info info);
/// The methods of the object, in vchan_methods.cpp.
void define_vchan_methods(napi_env env, napi_value object);

} // namespace thaw
