// SPDX-License-Identifier: Apache-2.0
// Finds data in a sparse file as a job of libuv's pool.

#include "objects/jobs/extent_job.hpp"

#include <cerrno>
#include <unistd.h>

#include "util/napi/args.hpp"
#include "util/napi/job.hpp"
#include "util/napi/js.hpp"

namespace thaw {
namespace {

class ExtentJob : public Job {
public:
  ExtentJob(int fd, int64_t from) : fd_(fd), from_(from) {
  }
  ~ExtentJob() override {
    if (fd_ >= 0)
      close(fd_);
  }

  bool execute() override {
    start_ = lseek(fd_, from_, SEEK_DATA);
    if (start_ < 0 && errno == ENXIO)
      return true;
    end_ = start_ < 0 ? -1 : lseek(fd_, start_, SEEK_HOLE);
    if (end_ >= 0)
      return true;
    failure_ = errno_failure("lseek", errno);
    return false;
  }

  napi_value result(napi_env env) override {
    if (start_ < 0)
      return js_null(env);
    napi_value object = js_object(env);
    js_set(env, object, "start", js_number(env, static_cast<double>(start_)));
    js_set(env, object, "end", js_number(env, static_cast<double>(end_)));
    return object;
  }

private:
  int fd_;
  off_t from_, start_ = -1, end_ = -1;
};

} // namespace

napi_value JS_nextData(napi_env env, napi_callback_info info) {
  Args args(env, info);
  int fd = args.duplicated_fd(0);
  int64_t from = args.size(1);
  auto job = std::make_unique<ExtentJob>(fd, from);
  return args.ok() ? Job::run(env, std::move(job)) : nullptr;
}

} // namespace thaw
