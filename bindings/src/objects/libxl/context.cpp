// SPDX-License-Identifier: Apache-2.0
// Opens, settles and ends a Context.

#include "objects/libxl/context.hpp"

#include "util/napi/args.hpp"
#include "util/napi/js.hpp"

namespace thaw {

const napi_type_tag Context::kTag = {0x7c1f0a3de5b64a11, 0x9d0b6a52c8e14f01};

namespace {

/// The end of an environment waits this long for the operations that it aborts. Then the thread ends alone.
constexpr int kEndWaitMs = 3000;

using Holder = std::shared_ptr<Context>;

void cleanup(void *holder) {
  std::unique_ptr<Holder> context(static_cast<Holder *>(holder));
  (*context)->end();
}

napi_value function_of(napi_env env, napi_ref reference) {
  napi_value function = nullptr;
  napi_get_reference_value(env, reference, &function);
  return function;
}

/// An exception thrown by a listener stays pending: Node reports it as uncaught.
void call(napi_env env, napi_ref function, std::initializer_list<napi_value> arguments) {
  napi_value result;
  napi_call_function(env, js_undefined(env), function_of(env, function), arguments.size(), arguments.begin(), &result);
}

} // namespace

napi_value Context::JS_open(napi_env env, napi_callback_info info) {
  Args args(env, info);
  napi_value on_log = args.function(0), on_event = args.function(1);
  bool debug = args.boolean(2);
  if (!args.ok())
    return nullptr;
  auto context = std::make_shared<Context>();
  context->channel_ = Channel::open(env, "thaw:libxl");
  if (context->channel_) {
    context->hold(env); // Before the thread starts, since it may finish at once.
    context->thread_ = LibxlThread::start(context->channel_, context, debug);
  }
  if (!context->thread_) {
    if (context->channel_)
      context->channel_->release();
    napi_throw_error(env, "ERR_XEN_NOMEM", "Cannot start the libxl thread: no memory or threads");
    return nullptr;
  }
  napi_create_reference(env, on_log, 1, &context->on_log_);
  napi_create_reference(env, on_event, 1, &context->on_event_);
  // Node runs cleanup hooks last in, first out: this hook runs before the channel's own, which would leave it
  // dangling.
  context->cleanup_ = new Holder(context);
  napi_add_env_cleanup_hook(env, cleanup, context->cleanup_);
  napi_value promise;
  napi_create_promise(env, &context->opening_, &promise);
  return promise;
}

napi_value Context::make_object(napi_env env) {
  napi_value object = js_object(env);
  define_context_methods(env, object);
  auto finalize = [](napi_env env, void *data, void *) {
    std::unique_ptr<Holder> context(static_cast<Holder *>(data));
    napi_delete_reference(env, (*context)->object_);
    (*context)->object_ = nullptr;
    (*context)->thread_->close(); // Collected without close(): no call is running, since a call would hold it.
  };
  napi_type_tag_object(env, object, &kTag);
  napi_wrap(env, object, new Holder(shared_from_this()), finalize, nullptr, nullptr);
  napi_create_reference(env, object, holds_ > 0 ? 1 : 0, &object_);
  return object;
}

void Context::on_opened(napi_env env, const Failure *failure) {
  if (failure != nullptr)
    napi_reject_deferred(env, opening_, make_error(env, *failure));
  else
    napi_resolve_deferred(env, opening_, make_object(env));
  opening_ = nullptr;
  drop(env);
}

napi_value Context::submit(napi_env env, std::unique_ptr<Request> request) {
  napi_value promise;
  napi_create_promise(env, &request->deferred, &promise);
  request->owner = shared_from_this();
  hold(env);
  if (!thread_->submit(request)) {
    Failure failure;
    failure.reason = "CLOSED";
    failure.op = request->op;
    failure.domid = request->domid;
    failure.hint = "the context is closed, open another";
    on_settled(env, *request, &failure);
  }
  return promise;
}

void Context::on_settled(napi_env env, Request &request, const Failure *failure) {
  if (failure != nullptr)
    napi_reject_deferred(env, request.deferred, make_error(env, *failure));
  else
    napi_resolve_deferred(env, request.deferred, request.result(env));
  drop(env);
}

void Context::on_log(napi_env env, const LogLine &line) {
  call(env, on_log_, {js_string(env, log_level_name(line.level)), js_string(env, line.text)});
}

void Context::on_event(napi_env env, const DomainEvent &event) {
  napi_value object = js_object(env);
  js_set(env, object, "watch", js_number(env, event.watch));
  js_set(env, object, "type", js_string(env, event.type));
  js_set(env, object, "domid", js_number(env, event.domid));
  js_set(env, object, "shutdownReason", js_string(env, event.shutdown_reason));
  call(env, on_event_, {object});
}

napi_value Context::close(napi_env env) {
  napi_value promise;
  napi_deferred deferred;
  napi_create_promise(env, &deferred, &promise);
  if (is_closed_) {
    napi_resolve_deferred(env, deferred, js_undefined(env));
    return promise;
  }
  hold(env);
  closing_.push_back(deferred);
  thread_->close();
  return promise;
}

/// Handles the thread's last message.
void Context::on_closed(napi_env env) {
  is_closed_ = true;
  hold_for_events(env, false);
  for (napi_deferred deferred : closing_) {
    napi_resolve_deferred(env, deferred, js_undefined(env));
    drop(env);
  }
  napi_delete_reference(env, on_log_);
  napi_delete_reference(env, on_event_);
  // Here, not when the thread gets to it: without the hook nothing would tell the thread that the environment ended.
  channel_->release();
  napi_remove_env_cleanup_hook(env, cleanup, cleanup_);
  delete static_cast<Holder *>(cleanup_);
}

void Context::hold_for_events(napi_env env, bool on) {
  if (on == is_held_for_events_ || (on && is_closed_))
    return;
  is_held_for_events_ = on;
  if (on)
    hold(env);
  else
    drop(env);
}

void Context::hold(napi_env env) {
  if (holds_++ > 0)
    return;
  channel_->ref(env, true);
  if (object_ != nullptr)
    napi_reference_ref(env, object_, nullptr);
}

void Context::drop(napi_env env) {
  if (--holds_ > 0)
    return;
  channel_->ref(env, false);
  if (object_ != nullptr)
    napi_reference_unref(env, object_, nullptr);
}

void Context::end() {
  channel_->cut_off();
  thread_->close();
  thread_->wait_done(kEndWaitMs);
}

} // namespace thaw
