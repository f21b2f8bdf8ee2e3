// SPDX-License-Identifier: Apache-2.0
// The five messages from a libxl thread to the JavaScript thread.
#pragma once

#include <memory>

#include "objects/libxl/libxl_thread.hpp"

namespace thaw {

class OpenedMessage : public Message {
public:
  OpenedMessage(std::weak_ptr<ThreadListener> to, const Failure *failure)
      : to_(std::move(to)), failure_(failure ? std::make_unique<Failure>(*failure) : nullptr) {
  }
  void deliver(napi_env env) override {
    if (auto to = to_.lock())
      to->on_opened(env, failure_.get());
  }

private:
  std::weak_ptr<ThreadListener> to_;
  std::unique_ptr<Failure> failure_;
};

class SettledMessage : public Message {
public:
  SettledMessage(std::unique_ptr<Request> request, const Failure *failure)
      : request_(std::move(request)), failure_(failure ? std::make_unique<Failure>(*failure) : nullptr) {
  }
  void deliver(napi_env env) override {
    if (auto to = request_->owner)
      to->on_settled(env, *request_, failure_.get());
  }

private:
  std::unique_ptr<Request> request_;
  std::unique_ptr<Failure> failure_;
};

class LogMessage : public Message {
public:
  LogMessage(std::weak_ptr<ThreadListener> to, LogLine line) : to_(std::move(to)), line_(std::move(line)) {
  }
  void deliver(napi_env env) override {
    if (auto to = to_.lock())
      to->on_log(env, line_);
  }

private:
  std::weak_ptr<ThreadListener> to_;
  LogLine line_;
};

class EventMessage : public Message {
public:
  EventMessage(std::weak_ptr<ThreadListener> to, DomainEvent event) : to_(std::move(to)), event_(std::move(event)) {
  }
  void deliver(napi_env env) override {
    if (auto to = to_.lock())
      to->on_event(env, event_);
  }

private:
  std::weak_ptr<ThreadListener> to_;
  DomainEvent event_;
};

class ClosedMessage : public Message {
public:
  explicit ClosedMessage(std::weak_ptr<ThreadListener> to) : to_(std::move(to)) {
  }
  void deliver(napi_env env) override {
    if (auto to = to_.lock())
      to->on_closed(env);
  }

private:
  std::weak_ptr<ThreadListener> to_;
};

} // namespace thaw
