// SPDX-License-Identifier: Apache-2.0
// Opens either end of a vchan. Opening talks to xenstored and maps grants, so it runs on the thread pool.

#include <cerrno>
#include <cstring>
#include <unistd.h>

#include "objects/vchan/vchan.hpp"
#include "util/napi/args.hpp"
#include "util/napi/job.hpp"
#include "vchan/attach.h"

extern "C" {
#include <xenstore.h>
}

namespace thaw {
namespace {

class OpenJob : public Job {
public:
  OpenJob(napi_env env, napi_value on_event, uint32_t domid, std::string path)
      : env_(env), ring_(std::make_unique<Ring>()), domid_(domid), path_(std::move(path)) {
    napi_create_reference(env, on_event, 1, &on_event_);
    failure_.domid = domid;
  }
  ~OpenJob() override {
    if (on_event_ != nullptr)
      napi_delete_reference(env_, on_event_);
  }
  napi_value result(napi_env env) override {
    napi_ref on_event = on_event_;
    on_event_ = nullptr;
    return Vchan::make(env, std::move(ring_), on_event);
  }

protected:
  /// Checks the device nodes, which do not appear by waiting.
  bool has_devices(const char *device) {
    for (const char *path : {device, "/dev/xen/evtchn"}) {
      if (access(path, R_OK | W_OK) == 0)
        continue;
      return no_xen(path, errno,
                    "run as root in a Xen control domain with the modules xen-gntdev, "
                    "xen-gntalloc and xen-evtchn");
    }
    return true;
  }

  /// Checked only after a failure: it costs a connection.
  bool has_xenstored() {
    xs_handle *xs = xs_open(0);
    if (xs == nullptr)
      return no_xen("xenstore", errno, "see that xenstored runs (systemctl status xenstored)");
    xs_close(xs);
    return true;
  }

  bool fail(const char *reason, int errnum, const std::string &hint) {
    failure_.reason = reason;
    failure_.rc = -errnum;
    failure_.hint = hint;
    failure_.details = ring_->lines;
    return false;
  }

  napi_env env_;
  std::unique_ptr<Ring> ring_;
  uint32_t domid_;
  std::string path_;

private:
  bool no_xen(const char *what, int errnum, const char *remedy) {
    return fail("NO_XEN", errnum, std::string(what) + ": " + strerror(errnum) + ", " + remedy);
  }

  napi_ref on_event_ = nullptr;
};

class ConnectJob : public OpenJob {
public:
  using OpenJob::OpenJob;
  bool execute() override {
    failure_.op = "libxenvchan_client_init";
    if (!has_devices("/dev/xen/gntdev"))
      return false;
    errno = 0;
    ring_->vchan = libxenvchan_client_init(ring_->logger->xtl(), static_cast<int>(domid_), path_.c_str());
    if (ring_->vchan != nullptr) {
      ring_->vchan->blocking = 0;
      ring_->vchan->server_persist = 0;
      return true;
    }
    int errnum = errno;
    if (!has_xenstored())
      return false;
    if (errnum == 0 || errnum == ENOENT)
      return fail("VCHAN_NOT_READY", errnum, "no server has published its ring at " + path_);
    return fail("VCHAN_NOT_READY", errnum, "cannot map the ring published at " + path_ + ": " + strerror(errnum));
  }
};

class AttachJob : public OpenJob {
public:
  AttachJob(napi_env env, napi_value on_event, uint32_t domid, uint32_t ring_ref, uint32_t port, int order)
      : OpenJob(env, on_event, domid, ""), ring_ref_(ring_ref), port_(port), order_(order) {
  }
  bool execute() override {
    failure_.op = "thaw_vchan_attach";
    if (!has_devices("/dev/xen/gntdev"))
      return false;
    ring_->vchan = thaw_vchan_attach(domid_, ring_ref_, port_, order_);
    if (ring_->vchan != nullptr)
      return true;
    int errnum = errno;
    return fail("VCHAN_FAIL", errnum, std::string("cannot map the ring: ") + strerror(errnum));
  }

private:
  uint32_t ring_ref_, port_;
  int order_;
};

class ListenJob : public OpenJob {
public:
  ListenJob(napi_env env, napi_value on_event, uint32_t domid, std::string path, size_t left_min, size_t right_min)
      : OpenJob(env, on_event, domid, std::move(path)), left_min_(left_min), right_min_(right_min) {
    ring_->is_server = true;
  }
  bool execute() override {
    failure_.op = "libxenvchan_server_init";
    if (!has_devices("/dev/xen/gntalloc"))
      return false;
    errno = 0;
    ring_->vchan =
        libxenvchan_server_init(ring_->logger->xtl(), static_cast<int>(domid_), path_.c_str(), left_min_, right_min_);
    if (ring_->vchan != nullptr) {
      ring_->vchan->blocking = 0;
      return true;
    }
    int errnum = errno;
    if (!has_xenstored())
      return false;
    return fail("VCHAN_FAIL", errnum,
                errnum != 0 ? std::string("cannot share a ring: ") + strerror(errnum)
                            : "cannot share a ring, see the limit parameter of xen-gntalloc");
  }

private:
  size_t left_min_, right_min_;
};

/// libxenvchan builds its xenstore paths in 64 bytes.
constexpr size_t kPathMax = 64 - sizeof "/event-channel";
constexpr int64_t kRingMax = 1 << 20;

std::string checked_path(napi_env env, Args &args, size_t index, bool *ok) {
  std::string path = args.text(index);
  *ok = args.ok() && !path.empty() && path.size() <= kPathMax;
  if (args.ok() && !*ok)
    napi_throw_type_error(env, nullptr, "Invalid vchan path: empty or too long");
  return path;
}

} // namespace

napi_value JS_vchanConnect(napi_env env, napi_callback_info info) {
  Args args(env, info);
  bool ok;
  uint32_t domid = args.domid(0);
  std::string path = checked_path(env, args, 1, &ok);
  napi_value on_event = args.function(2);
  if (!ok || !args.ok())
    return nullptr;
  return Job::run(env, std::make_unique<ConnectJob>(env, on_event, domid, path));
}

napi_value JS_vchanAttach(napi_env env, napi_callback_info info) {
  Args args(env, info);
  uint32_t domid = args.domid(0), ring_ref = args.u32(1), port = args.u32(2), order = args.u32(3);
  napi_value on_event = args.function(4);
  if (!args.ok())
    return nullptr;
  if (order < 12 || order > 20) {
    napi_throw_range_error(env, nullptr, "Invalid order: not 12 to 20");
    return nullptr;
  }
  return Job::run(env, std::make_unique<AttachJob>(env, on_event, domid, ring_ref, port, int(order)));
}

napi_value JS_vchanListen(napi_env env, napi_callback_info info) {
  Args args(env, info);
  bool ok;
  uint32_t domid = args.domid(0);
  std::string path = checked_path(env, args, 1, &ok);
  int64_t left = args.size(2), right = args.size(3);
  napi_value on_event = args.function(4);
  if (!ok || !args.ok())
    return nullptr;
  if (left > kRingMax || right > kRingMax) {
    napi_throw_type_error(env, nullptr, "Invalid ring size: above 1 MiB");
    return nullptr;
  }
  return Job::run(env, std::make_unique<ListenJob>(env, on_event, domid, path, static_cast<size_t>(left),
                                                   static_cast<size_t>(right)));
}

} // namespace thaw
