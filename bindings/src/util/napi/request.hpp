// SPDX-License-Identifier: Apache-2.0
// One call into Xen: made on the JavaScript thread, run on the libxl thread, settled on the JavaScript thread.
#pragma once

#include <memory>
#include <node_api.h>

#include "util/napi/failure.hpp"
#include "util/xen/xen.hpp"

namespace thaw {

class DeathWatches;
class ThreadListener;

/// The handles for requests that run on the libxl thread.
struct Xen {
  libxl_ctx *ctx;
  xc_interface *xch;
  DeathWatches *watches;
};

class Request {
public:
  explicit Request(const char *op, int64_t domid = -1, uint32_t id = 0) : op(op), domid(domid), id(id) {
  }
  virtual ~Request() = default;
  Request(const Request &) = delete;
  Request &operator=(const Request &) = delete;

  /// Libxl thread. An asynchronous request passes `how` to libxl and returns the initiating call's result. A
  /// synchronous request does all its work and returns its rc. Everything given to libxl must live in the request.
  /// `hint` may be set on failure.
  virtual int start(const Xen &xen, const libxl_asyncop_how *how) = 0;
  virtual bool is_async() const {
    return false;
  }
  /// Libxl thread, after an asynchronous request succeeded: prepares the data for result().
  virtual int finish(const Xen &) {
    return 0;
  }
  /// False while libxl must not be asked to abort. Some parts of libxl do not survive an abort (see SaveStream).
  virtual bool can_abort() const {
    return true;
  }
  /// Libxl thread, after an asynchronous request failed: starts the undoing of a half-done request, with the same
  /// `how`. The request settles with its first rc once the undoing has ended. False when there is nothing to undo.
  virtual bool undo(const Xen &, const libxl_asyncop_how *) {
    return false;
  }
  /// JavaScript thread, after success.
  virtual napi_value result(napi_env env);

  const char *const op;
  int64_t domid;     ///< The domain of the call, -1 while there is none.
  const uint32_t id; ///< Identifies it for abort(); 0 cannot be aborted.
  std::string hint;
  std::string reason; ///< Used instead of libxl's name for the rc, when not empty.
  /// Set instead of returning a libxl code when a libxenctrl call failed.
  int errnum = 0;

  // The rest belongs to LibxlThread, except deferred and owner, which the JavaScript thread sets and uses.
  struct Progress {
    libxl_asyncop_how how = {};
    bool is_complete = false;
    bool is_abort_wanted = false, was_aborted = false;
    bool is_undoing = false;
    int rc = 0;            ///< The result of the running or last call.
    int first_rc = 0;      ///< The request's result, while it is being undone.
    uint64_t log_mark = 0; ///< Log lines from this number on may belong to it.
  } progress;
  napi_deferred deferred = nullptr;
  std::shared_ptr<ThreadListener> owner; ///< Keeps the context alive during the call.
};

/// Runs a synchronous libxl call whose result is only its rc.
template <typename Call> class SimpleRequest : public Request {
public:
  SimpleRequest(const char *op, int64_t domid, Call call) : Request(op, domid), call_(call) {
  }
  int start(const Xen &xen, const libxl_asyncop_how *) override {
    return call_(xen, *this);
  }

private:
  Call call_;
};

template <typename Call> std::unique_ptr<Request> simple_request(const char *op, int64_t domid, Call call) {
  return std::make_unique<SimpleRequest<Call>>(op, domid, call);
}

/// The same for asynchronous calls: `call` passes `how` to libxl.
template <typename Call> class AsyncRequest : public Request {
public:
  AsyncRequest(const char *op, int64_t domid, uint32_t id, Call call) : Request(op, domid, id), call_(call) {
  }
  bool is_async() const override {
    return true;
  }
  int start(const Xen &xen, const libxl_asyncop_how *how) override {
    return call_(xen.ctx, how);
  }

private:
  Call call_;
};

template <typename Call> std::unique_ptr<Request> async_request(const char *op, int64_t domid, uint32_t id, Call call) {
  return std::make_unique<AsyncRequest<Call>>(op, domid, id, call);
}

} // namespace thaw
