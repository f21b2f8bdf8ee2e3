// SPDX-License-Identifier: Apache-2.0
// Reports only that the namespace changed; the listener reads the new state itself. Changes that the listener makes
// to ignored links are not reported.

#include "objects/jobs/route_watch.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <linux/rtnetlink.h>
#include <memory>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

#include "util/host/namespace_socket.hpp"
#include "util/napi/args.hpp"
#include "util/napi/job.hpp"
#include "util/napi/js.hpp"

namespace thaw {
namespace {

class WatchJob : public Job {
public:
  WatchJob(napi_env env, std::string path, std::string ignored, napi_value on_event)
      : env_(env), path_(std::move(path)), ignored_(std::move(ignored)) {
    napi_create_reference(env, on_event, 1, &on_event_);
  }
  ~WatchJob() override {
    if (on_event_ != nullptr)
      napi_delete_reference(env_, on_event_);
    if (fd_ >= 0)
      close(fd_);
  }

  bool execute() override {
    NamespaceSocketError error;
    fd_ = namespace_socket(path_, &error);
    if (fd_ >= 0)
      return true;
    failure_ = errno_failure("route_watch", error.errnum);
    failure_.hint = path_ + ": " + error.op + ": " + errno_name(error.errnum);
    return false;
  }

  napi_value result(napi_env env) override {
    napi_ref on_event = on_event_;
    int fd = fd_;
    on_event_ = nullptr;
    fd_ = -1;
    return RouteWatch::make(env, fd, std::move(ignored_), on_event);
  }

private:
  napi_env env_;
  std::string path_, ignored_;
  napi_ref on_event_ = nullptr;
  int fd_ = -1;
};

/// False for links whose names begin with `ignored` and for the table that the kernel derives from addresses.
bool is_news(const nlmsghdr *message, const std::string &ignored) {
  if (message->nlmsg_type == RTM_NEWROUTE || message->nlmsg_type == RTM_DELROUTE)
    return message->nlmsg_len < NLMSG_LENGTH(sizeof(rtmsg)) ||
           static_cast<const rtmsg *>(NLMSG_DATA(message))->rtm_table != RT_TABLE_LOCAL;
  if (message->nlmsg_type != RTM_NEWLINK && message->nlmsg_type != RTM_DELLINK)
    return true;
  if (message->nlmsg_len < NLMSG_LENGTH(sizeof(ifinfomsg)))
    return true;
  const auto *link = static_cast<const ifinfomsg *>(NLMSG_DATA(message));
  int left = static_cast<int>(IFLA_PAYLOAD(message));
  for (const rtattr *item = IFLA_RTA(link); RTA_OK(item, left); item = RTA_NEXT(item, left)) {
    if (item->rta_type == IFLA_IFNAME)
      return strncmp(static_cast<const char *>(RTA_DATA(item)), ignored.c_str(),
                     std::min<size_t>(ignored.size(), RTA_PAYLOAD(item))) != 0;
  }
  return true;
}

/// Reads all waiting messages. True when one of them matters.
bool take_news(int fd, const std::string &ignored) {
  alignas(nlmsghdr) static thread_local uint8_t bytes[32768];
  bool is_any = false;

  for (;;) {
    ssize_t n = recv(fd, bytes, sizeof bytes, MSG_TRUNC);
    // ENOBUFS says that messages were lost.
    if (n < 0 && (errno == ENOBUFS || errno == EINTR)) {
      is_any = is_any || errno == ENOBUFS;
      continue;
    }
    if (n <= 0)
      return is_any;
    is_any = is_any || n > static_cast<ssize_t>(sizeof bytes);
    unsigned left = static_cast<unsigned>(std::min<size_t>(static_cast<size_t>(n), sizeof bytes));
    for (const nlmsghdr *message = reinterpret_cast<nlmsghdr *>(bytes); !is_any && NLMSG_OK(message, left);
         message = NLMSG_NEXT(message, left))
      is_any = is_news(message, ignored);
  }
}

} // namespace

RouteWatch::~RouteWatch() {
  close();
}

napi_value RouteWatch::make(napi_env env, int fd, std::string ignored, napi_ref on_event) {
  auto *self = new RouteWatch(env, std::move(ignored), on_event);
  napi_value object = nullptr, function = nullptr;
  uv_loop_t *loop = nullptr;
  auto finalize = [](napi_env, void *data, void *) { delete static_cast<RouteWatch *>(data); };
  if (napi_create_object(env, &object) != napi_ok || napi_get_uv_event_loop(env, &loop) != napi_ok ||
      napi_create_function(env, "close", NAPI_AUTO_LENGTH, JS_close, self, &function) != napi_ok ||
      napi_wrap(env, object, self, finalize, nullptr, nullptr) != napi_ok) {
    delete self;
    ::close(fd);
    return nullptr;
  }
  js_set(env, object, "close", function);
  napi_async_init(env, nullptr, js_string(env, "thaw:routes"), &self->async_context_);
  auto *handle = new Handle{{}, self, nullptr, fd};
  if (uv_poll_init(loop, &handle->poll, fd) != 0) {
    ::close(fd);
    delete handle;
    return object; // No event comes. This cannot happen for a socket.
  }
  self->handle_ = handle;
  handle->poll.data = handle;
  napi_add_async_cleanup_hook(env, on_end, handle, &handle->hook);
  uv_poll_start(&handle->poll, UV_READABLE, on_poll);
  uv_unref(reinterpret_cast<uv_handle_t *>(&handle->poll));
  return object;
}

void RouteWatch::on_poll(uv_poll_t *poll, int status, int) {
  auto *handle = static_cast<Handle *>(poll->data);
  // An overrun is a socket error, after which libuv stops the poll.
  if (status < 0)
    uv_poll_start(poll, UV_READABLE, on_poll);
  if (take_news(handle->fd, handle->owner->ignored_) || status < 0)
    handle->owner->call_listener();
}

void RouteWatch::call_listener() {
  napi_handle_scope scope;
  napi_value global, function = nullptr, result;
  if (napi_open_handle_scope(env_, &scope) != napi_ok)
    return;
  napi_get_global(env_, &global);
  napi_get_reference_value(env_, on_event_, &function);
  napi_env env = env_; // The listener may close the watch; `this` lives until it is collected.
  if (napi_make_callback(env, async_context_, global, function, 0, nullptr, &result) == napi_pending_exception) {
    napi_value error;
    napi_get_and_clear_last_exception(env, &error);
    napi_fatal_exception(env, error);
  }
  napi_close_handle_scope(env, scope);
}

/// close(): no event comes afterwards. Idempotent.
napi_value RouteWatch::JS_close(napi_env env, napi_callback_info info) {
  void *self = nullptr;
  napi_value object = nullptr;
  if (napi_get_cb_info(env, info, nullptr, nullptr, &object, nullptr) == napi_ok &&
      napi_unwrap(env, object, &self) == napi_ok)
    static_cast<RouteWatch *>(self)->close();
  else
    napi_throw_type_error(env, nullptr, "close: not a watch of routes");
  return nullptr;
}

void RouteWatch::close() {
  if (handle_ != nullptr) {
    uv_poll_stop(&handle_->poll); // Before the descriptor closes.
    handle_->owner = nullptr;
    ::close(handle_->fd);
    uv_close(reinterpret_cast<uv_handle_t *>(&handle_->poll), on_closed);
    handle_ = nullptr;
  }
  if (on_event_ != nullptr)
    napi_delete_reference(env_, on_event_);
  on_event_ = nullptr;
  if (async_context_ != nullptr)
    napi_async_destroy(env_, async_context_);
  async_context_ = nullptr;
}

void RouteWatch::on_closed(uv_handle_t *uv_handle) {
  auto *handle = static_cast<Handle *>(uv_handle->data);
  napi_remove_async_cleanup_hook(handle->hook);
  delete handle;
}

/// The environment ends. It waits until on_closed removes the hook.
void RouteWatch::on_end(napi_async_cleanup_hook_handle, void *data) {
  auto *handle = static_cast<Handle *>(data);
  if (handle->owner != nullptr)
    handle->owner->close();
}

napi_value JS_routeWatch(napi_env env, napi_callback_info info) {
  Args args(env, info);
  std::string path = args.text(0), ignored = args.text(1);
  napi_value on_event = args.function(2);
  return args.ok() ? Job::run(env, std::make_unique<WatchJob>(env, std::move(path), std::move(ignored), on_event))
                   : nullptr;
}

} // namespace thaw
