// SPDX-License-Identifier: Apache-2.0
// Reads, writes, watches and closes a vchan. The peer controls the ring's shared page: libxenvchan keeps its own copy
// of the sizes and clamps the indices, and this file reads nothing from the page except the live flags.

#include "objects/vchan/vchan.hpp"

#include <algorithm>

#include "util/napi/job.hpp"
#include "util/napi/js.hpp"

namespace thaw {

const napi_type_tag Vchan::kTag = {0x1e8c52d07f3a4b96, 0xb4f27a81903ce65d};

Ring::Ring()
    : sink([this](LogLine line) { lines.push_back(std::move(line.text)); }),
      logger(std::make_unique<Logger>(&sink, XTL_ERROR, false)) {
}

Ring::~Ring() {
  libxenvchan_close(vchan);
}

Vchan::Vchan(napi_env env, std::unique_ptr<Ring> ring, napi_ref on_event)
    : env_(env), ring_(std::move(ring)), on_event_(on_event) {
}

Vchan::~Vchan() {
  shut(true);
}

napi_value Vchan::make(napi_env env, std::unique_ptr<Ring> ring, napi_ref on_event) {
  auto *self = new Vchan(env, std::move(ring), on_event);
  napi_value object = nullptr;
  uv_loop_t *loop = nullptr;
  auto finalize = [](napi_env, void *data, void *) { delete static_cast<Vchan *>(data); };
  if (napi_create_object(env, &object) != napi_ok || napi_get_uv_event_loop(env, &loop) != napi_ok ||
      napi_type_tag_object(env, object, &kTag) != napi_ok ||
      napi_wrap(env, object, self, finalize, nullptr, nullptr) != napi_ok) {
    delete self;
    return nullptr;
  }
  define_vchan_methods(env, object);
  napi_async_init(env, nullptr, js_string(env, "thaw:vchan"), &self->async_context_);
  int fd = libxenvchan_fd_for_select(self->ring_->vchan);
  auto *handle = new Handle{{}, self, nullptr};
  if (uv_poll_init(loop, &handle->poll, fd) != 0) {
    delete handle;
    return object; // Reads and writes work, but no event comes: cannot happen for an event-channel fd.
  }
  self->handle_ = handle;
  handle->poll.data = handle;
  napi_add_async_cleanup_hook(env, on_end, handle, &handle->hook);
  uv_poll_start(&handle->poll, UV_READABLE, on_poll);
  return object;
}

void Vchan::on_poll(uv_poll_t *poll, int, int) {
  Vchan *self = static_cast<Handle *>(poll->data)->owner;
  libxenvchan_wait(self->ring_->vchan); // Takes the event and unmasks the port. The descriptor does not block.
  self->call_listener();
}

void Vchan::call_listener() {
  napi_handle_scope scope;
  napi_value global, function = nullptr, result;
  if (napi_open_handle_scope(env_, &scope) != napi_ok)
    return;
  napi_get_global(env_, &global);
  napi_get_reference_value(env_, on_event_, &function);
  napi_env env = env_; // The listener may close the vchan; `this` lives until it is collected.
  if (napi_make_callback(env, async_context_, global, function, 0, nullptr, &result) == napi_pending_exception) {
    napi_value error;
    napi_get_and_clear_last_exception(env, &error);
    napi_fatal_exception(env, error);
  }
  napi_close_handle_scope(env, scope);
}

napi_value Vchan::read(napi_env env, uint32_t max) {
  // In this order: a peer seen closed has written all its data.
  bool is_peer_open = libxenvchan_is_open(ring_->vchan) != 0;
  int ready = libxenvchan_data_ready(ring_->vchan);
  size_t length = std::min<size_t>(ready > 0 ? static_cast<size_t>(ready) : 0, max);
  if (length == 0)
    return is_peer_open ? js_null(env) : js_undefined(env);
  void *data = nullptr;
  napi_value buffer = nullptr;
  if (napi_create_buffer(env, length, &data, &buffer) != napi_ok)
    return nullptr;
  int got = libxenvchan_read(ring_->vchan, data, length);
  if (got == static_cast<int>(length))
    return buffer;
  if (got < 0)
    return js_undefined(env);
  // The peer took data back, which only a hostile peer does.
  napi_create_buffer_copy(env, static_cast<size_t>(got), data, nullptr, &buffer);
  return got == 0 ? js_null(env) : buffer;
}

napi_value Vchan::write(napi_env env, const uint8_t *data, size_t length) {
  int taken = libxenvchan_write(ring_->vchan, data, length);
  return taken < 0 ? js_undefined(env) : js_number(env, taken);
}

int Vchan::state() const {
  return libxenvchan_is_open(ring_->vchan);
}

void Vchan::shutdown() {
  vchan_interface *page = ring_->vchan->ring;
  if (ring_->is_server)
    page->srv_live = 0;
  else
    page->cli_live = 0;
  xenevtchn_notify(ring_->vchan->event, ring_->vchan->event_port);
}

void Vchan::ref(bool on) {
  if (handle_ == nullptr)
    return;
  auto *handle = reinterpret_cast<uv_handle_t *>(&handle_->poll);
  if (on)
    uv_ref(handle);
  else
    uv_unref(handle);
}

void Vchan::close() {
  shut(false);
}

void Vchan::shut(bool is_ending) {
  if (handle_ != nullptr) {
    uv_poll_stop(&handle_->poll); // Before the descriptor closes.
    handle_->owner = nullptr;
    uv_close(reinterpret_cast<uv_handle_t *>(&handle_->poll), on_closed);
    handle_ = nullptr;
  }
  if (ring_ == nullptr)
    return;
  napi_delete_reference(env_, on_event_);
  if (async_context_ != nullptr)
    napi_async_destroy(env_, async_context_);
  if (is_ending || !ring_->is_server) {
    ring_.reset();
    return;
  }
  class CloseJob : public Job {
  public:
    explicit CloseJob(std::unique_ptr<Ring> ring) : ring_(std::move(ring)) {
    }
    bool execute() override {
      ring_.reset();
      return true;
    }
    napi_value result(napi_env env) override {
      return js_undefined(env);
    }

  private:
    std::unique_ptr<Ring> ring_;
  };
  shutdown(); // The peer learns of it now, whenever the pool runs the job.
  Job::run(env_, std::make_unique<CloseJob>(std::move(ring_)));
}

void Vchan::on_closed(uv_handle_t *uv_handle) {
  auto *handle = static_cast<Handle *>(uv_handle->data);
  napi_remove_async_cleanup_hook(handle->hook);
  delete handle;
}

/// The environment ends. It waits until on_closed removes the hook.
void Vchan::on_end(napi_async_cleanup_hook_handle, void *data) {
  auto *handle = static_cast<Handle *>(data);
  if (handle->owner != nullptr)
    handle->owner->shut(true);
}

} // namespace thaw
