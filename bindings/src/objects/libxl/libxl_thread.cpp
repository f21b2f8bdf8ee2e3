// SPDX-License-Identifier: Apache-2.0
// Starts and ends the libxl thread, opens its context, and hands it work.

#include "objects/libxl/libxl_thread.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "objects/libxl/libxl_thread_messages.hpp"
#include "util/napi/thread.hpp"

namespace thaw {

LibxlThread::LibxlThread(std::shared_ptr<Channel> channel, std::weak_ptr<ThreadListener> listener, bool debug)
    : channel_(std::move(channel)), listener_(std::move(listener)), wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      sink_([this](LogLine line) { log(std::move(line)); }), logger_(&sink_, debug ? XTL_DEBUG : XTL_INFO, true),
      child_hooks_{libxl_sigchld_owner_mainloop, Children::fork_child, nullptr},
      event_hooks_{LIBXL_EVENTMASK_ALL, on_event, on_disaster} {
  xen_.watches = &watches_;
}

LibxlThread::~LibxlThread() {
  if (wake_fd_ >= 0)
    ::close(wake_fd_);
}

std::shared_ptr<LibxlThread> LibxlThread::start(std::shared_ptr<Channel> channel,
                                                std::weak_ptr<ThreadListener> listener, bool debug) {
  std::shared_ptr<LibxlThread> thread(new LibxlThread(std::move(channel), std::move(listener), debug));
  if (thread->wake_fd_ < 0)
    return nullptr;
  auto self = std::make_unique<std::shared_ptr<LibxlThread>>(thread);
  if (!start_detached("libxl", run, self.get()))
    return nullptr;
  self.release();
  return thread;
}

bool LibxlThread::submit(std::unique_ptr<Request> &request) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (is_closing_)
    return false;
  queue_.push_back(std::move(request));
  eventfd_write(wake_fd_, 1);
  return true;
}

void LibxlThread::abort(uint32_t id) {
  std::lock_guard<std::mutex> lock(mutex_);
  aborts_.push_back(id);
  eventfd_write(wake_fd_, 1);
}

void LibxlThread::close() {
  std::lock_guard<std::mutex> lock(mutex_);
  is_closing_ = true;
  eventfd_write(wake_fd_, 1);
}

bool LibxlThread::wait_done(int timeout_ms) {
  std::unique_lock<std::mutex> lock(mutex_);
  return done_.wait_for(lock, std::chrono::milliseconds(timeout_ms), [this] { return is_done_; });
}

void *LibxlThread::run(void *owned) {
  std::unique_ptr<std::shared_ptr<LibxlThread>> holder(static_cast<std::shared_ptr<LibxlThread> *>(owned));
  std::shared_ptr<LibxlThread> self = *holder;
  Failure failure;
  bool is_open = self->open(&failure);
  self->channel_->send(std::make_unique<OpenedMessage>(self->listener_, is_open ? nullptr : &failure));
  if (!is_open)
    self->close();
  while (self->take_work())
    self->poll_once();
  self->shut();
  self->channel_->send(std::make_unique<ClosedMessage>(self->listener_));
  self->channel_->release();
  std::lock_guard<std::mutex> lock(self->mutex_);
  self->is_done_ = true;
  self->done_.notify_all();
  return nullptr;
}

bool LibxlThread::open(Failure *failure) {
  failure->op = "libxl_ctx_alloc";
  int fd = ::open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
  int errnum = errno;
  if (fd < 0) {
    bool is_denied = errnum == EACCES || errnum == EPERM;
    failure->reason = is_denied ? "NO_PERMISSION" : "NO_XEN";
    failure->rc = -errnum;
    failure->hint = std::string("/dev/xen/privcmd: ") + strerror(errnum) +
                    (is_denied ? ", run as root"
                               : ", this is no Xen control domain: boot this host under Xen, or use "
                                 "the emulated one (scripts/lab up)");
    return false;
  }
  ::close(fd);

  int rc = libxl_ctx_alloc(&xen_.ctx, LIBXL_VERSION, 0, logger_.xtl());
  if (rc == 0) {
    // Before any fork and any event: by default libxl takes over SIGCHLD and exits on disaster.
    libxl_childproc_setmode(xen_.ctx, &child_hooks_, &children_);
    libxl_event_register_callbacks(xen_.ctx, &event_hooks_, this);
    xen_.xch = xc_interface_open(logger_.xtl(), logger_.xtl(), 0);
    libxl_physinfo physinfo;
    libxl_physinfo_init(&physinfo);
    // An ordinary domain may have the device too, but Xen refuses it this call.
    rc = xen_.xch == nullptr ? ERROR_FAIL : libxl_get_physinfo(xen_.ctx, &physinfo);
    libxl_physinfo_dispose(&physinfo);
    if (rc == 0)
      return true;
  }
  failure->reason = "NO_XEN";
  failure->rc = rc;
  failure->hint = "Xen's tools do not work here, see that this is dom0 and that xenstored runs "
                  "(systemctl status xenstored)";
  failure->details = op_log_.details(0, nullptr, -1, {});
  return false;
}

/// False when the thread has to end.
bool LibxlThread::take_work() {
  std::deque<std::unique_ptr<Request>> queue;
  std::vector<uint32_t> aborts;
  bool is_closing;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    queue.swap(queue_);
    aborts.swap(aborts_);
    is_closing = is_closing_;
  }
  for (auto &request : queue) {
    Failure failure;
    failure.op = request->op;
    failure.domid = request->domid;
    if (is_closing) {
      failure.reason = "CLOSED";
      failure.hint = "the context was closed before the call began";
      settle(std::move(request), &failure);
    } else if (!disaster_.empty()) {
      failure.reason = "BROKEN";
      failure.hint = "libxl has given up (" + disaster_ + "), close this context and open another";
      settle(std::move(request), &failure);
    } else {
      start_request(std::move(request));
    }
  }
  for (auto &request : in_flight_)
    if (is_closing || std::find(aborts.begin(), aborts.end(), request->id) != aborts.end())
      request->progress.is_abort_wanted = true;
  if (disaster_.empty())
    abort_wanted();
  settle_complete();
  if (!disaster_.empty())
    fail_all("BROKEN");
  return !(is_closing && in_flight_.empty());
}

void LibxlThread::shut() {
  if (xen_.xch != nullptr)
    xc_interface_close(xen_.xch);
  if (xen_.ctx == nullptr || !disaster_.empty())
    return; // After a disaster libxl's state is unknown. Freeing the context could abort the process, so it leaks.
  watches_.disable_all(xen_.ctx);
  libxl_ctx_free(xen_.ctx);
  xen_.ctx = nullptr;
}

} // namespace thaw
