// SPDX-License-Identifier: Apache-2.0
// The libxl thread's loop: starts requests, runs libxl, settles completed requests. libxl's callbacks are here too.
// They only take notes, because libxl is on the stack below them.

#include <cstring>
#include <sys/eventfd.h>
#include <sys/time.h>

#include "objects/libxl/libxl_thread.hpp"
#include "objects/libxl/libxl_thread_messages.hpp"

namespace thaw {

void LibxlThread::start_request(std::unique_ptr<Request> owned) {
  Request &request = *owned;
  auto &progress = request.progress;
  progress.log_mark = op_log_.mark();
  progress.how.callback = on_complete;
  progress.how.u.for_callback = &request;
  in_flight_.push_back(std::move(owned));
  starting_ = &request;
  int rc = request.start(xen_, &progress.how);
  starting_ = nullptr;
  // An accepted asynchronous call ends through on_complete, and perhaps already has.
  if (rc != 0 || !request.is_async()) {
    progress.rc = rc;
    progress.is_complete = true;
  }
}

void LibxlThread::on_complete(libxl_ctx *, int rc, void *user) {
  auto *request = static_cast<Request *>(user);
  request->progress.rc = rc;
  request->progress.is_complete = true;
}

void LibxlThread::abort_wanted() {
  for (auto &request : in_flight_) {
    auto &progress = request->progress;
    if (!progress.is_abort_wanted || progress.was_aborted || progress.is_complete || progress.is_undoing ||
        !request->is_async() || !request->can_abort())
      continue;
    progress.was_aborted = true;
    libxl_ao_abort(xen_.ctx, &progress.how);
  }
}

void LibxlThread::settle_complete() {
  for (size_t i = 0; i < in_flight_.size();) {
    Request &request = *in_flight_[i];
    if (!request.progress.is_complete) {
      i++;
      continue;
    }
    if (!has_ended(request))
      continue; // Loops again: the started request may be complete already.
    bool has_failed = request.progress.rc != 0 || request.errnum != 0;
    Failure failure = has_failed ? failure_of(request) : Failure();
    auto owned = std::move(in_flight_[i]);
    in_flight_.erase(in_flight_.begin() + static_cast<ptrdiff_t>(i));
    settle(std::move(owned), has_failed ? &failure : nullptr);
  }
}

/// False when a request whose call is complete needs one more step, which has then been started.
bool LibxlThread::has_ended(Request &request) {
  auto &progress = request.progress;
  if (!request.is_async() || !disaster_.empty())
    return true;
  if (progress.is_undoing) {
    progress.rc = progress.first_rc;
    return true;
  }
  if (progress.rc == 0) {
    progress.rc = request.finish(xen_);
    return true;
  }
  progress.is_complete = false; // Before undo(), which may complete at once.
  progress.is_undoing = true;
  progress.first_rc = progress.rc;
  if (request.undo(xen_, &progress.how))
    return false;
  progress.is_complete = true;
  progress.rc = progress.first_rc;
  return true;
}

void LibxlThread::settle(std::unique_ptr<Request> request, const Failure *failure) {
  channel_->send(std::make_unique<SettledMessage>(std::move(request), failure));
}

Failure LibxlThread::failure_of(Request &request) {
  Failure failure = request.errnum != 0 ? errno_failure(request.op, request.errnum, request.domid) : Failure();
  if (request.errnum == 0) {
    failure.reason = rc_name(request.progress.rc);
    failure.rc = request.progress.rc;
  }
  if (request.progress.was_aborted)
    failure.reason = "aborted"; // libxl itself often says only that its helper was killed.
  failure.op = request.op;
  failure.domid = request.domid;
  if (!request.hint.empty())
    failure.hint = request.hint;
  if (!request.reason.empty())
    failure.reason = request.reason;
  std::vector<int64_t> others;
  for (auto &other : in_flight_)
    if (other && other.get() != &request && other->domid >= 0 && other->domid != request.domid)
      others.push_back(other->domid);
  failure.details = op_log_.details(request.progress.log_mark, &request, request.domid, others);
  return failure;
}

/// Fails all requests after a disaster: libxl completes none of them any more. Its pointers into the requests stay
/// unused, since it is not called again.
void LibxlThread::fail_all(const char *reason) {
  while (!in_flight_.empty()) {
    auto request = std::move(in_flight_.back());
    in_flight_.pop_back();
    Failure failure;
    failure.reason = reason;
    failure.op = request->op;
    failure.domid = request->domid;
    failure.rc = ERROR_FAIL;
    failure.hint = disaster_;
    settle(std::move(request), &failure);
  }
}

void LibxlThread::poll_once() {
  int timeout_ms = -1;
  bool with_libxl = disaster_.empty();
  fds_.assign({{wake_fd_, POLLIN, 0}, {logger_.child_pipe[0], POLLIN, 0}});
  children_.before_poll(fds_, &timeout_ms);
  size_t own = fds_.size();
  int libxl_count = 0;
  struct timeval now;
  if (with_libxl) {
    libxl_count = 32;
    do { // Told how many it needs, the second round has room, unless a hook added one between.
      fds_.resize(own + static_cast<size_t>(libxl_count));
      gettimeofday(&now, nullptr);
    } while (libxl_osevent_beforepoll(xen_.ctx, &libxl_count, &fds_[own], &timeout_ms, now) == ERROR_BUFFERFULL);
  }
  if (poll(fds_.data(), own + static_cast<size_t>(libxl_count), timeout_ms) < 0)
    return; // Only for EINTR (no signal reaches here) or lack of memory: the next round tries again.
  if (fds_[0].revents != 0) {
    eventfd_t ignored;
    eventfd_read(wake_fd_, &ignored);
  }
  if (fds_[1].revents != 0)
    logger_.drain_children();
  bool has_exited = children_.after_poll(&fds_[2], own - 2);
  if (!with_libxl)
    return;
  if (has_exited)
    libxl_childproc_sigchld_occurred(xen_.ctx);
  gettimeofday(&now, nullptr);
  libxl_osevent_afterpoll(xen_.ctx, libxl_count, &fds_[own], now);
}

void LibxlThread::log(LogLine line) {
  if (line.level >= XTL_ERROR)
    op_log_.add(line.text, starting_);
  channel_->send(std::make_unique<LogMessage>(listener_, std::move(line)));
}

void LibxlThread::on_event(void *user, libxl_event *event) {
  auto *self = static_cast<LibxlThread *>(user);
  DomainEvent out;
  if (DeathWatches::read(*event, &out))
    self->channel_->send(std::make_unique<EventMessage>(self->listener_, std::move(out)));
  libxl_event_free(self->xen_.ctx, event);
}

void LibxlThread::on_disaster(void *user, libxl_event_type, const char *what, int errnum) {
  auto *self = static_cast<LibxlThread *>(user);
  self->disaster_ = std::string(what) + (errnum > 0 ? std::string(": ") + strerror(errnum) : "");
}

} // namespace thaw
