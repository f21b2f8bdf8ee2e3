// SPDX-License-Identifier: Apache-2.0
// Makes and removes a loop device as jobs of libuv's pool: an open may wait for a disk.

#include "objects/jobs/loop_job.hpp"

#include <string>

#include "util/host/loop_device.hpp"
#include "util/napi/args.hpp"
#include "util/napi/job.hpp"
#include "util/napi/js.hpp"

namespace thaw {
namespace {

class LoopJob : public Job {
public:
  LoopJob(bool attaches, std::string path, bool writable)
      : attaches_(attaches), writable_(writable), path_(std::move(path)) {
  }

  bool execute() override {
    LoopError error;
    if (attaches_ ? loop_attach(path_, writable_, &device_, &error) : loop_detach(path_, &error))
      return true;
    failure_ = errno_failure(attaches_ ? "loop_attach" : "loop_detach", error.errnum);
    failure_.hint = path_ + ": " + error.op + ": " + errno_name(error.errnum);
    return false;
  }

  napi_value result(napi_env env) override {
    return attaches_ ? js_string(env, device_) : js_undefined(env);
  }

private:
  bool attaches_, writable_;
  std::string path_, device_;
};

napi_value start(napi_env env, napi_callback_info info, bool attaches) {
  Args args(env, info);
  std::string path = args.text(0);
  bool writable = attaches && args.boolean(1);
  return args.ok() ? Job::run(env, std::make_unique<LoopJob>(attaches, std::move(path), writable)) : nullptr;
}

} // namespace

napi_value JS_loopAttach(napi_env env, napi_callback_info info) {
  return start(env, info, true);
}

napi_value JS_loopDetach(napi_env env, napi_callback_info info) {
  return start(env, info, false);
}

} // namespace thaw
