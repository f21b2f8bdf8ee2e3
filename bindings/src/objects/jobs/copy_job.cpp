// SPDX-License-Identifier: Apache-2.0
// Copies a file as a job of libuv's pool.

#include "objects/jobs/copy_job.hpp"

#include <string>

#include "util/host/copy_sparse.hpp"
#include "util/napi/args.hpp"
#include "util/napi/job.hpp"
#include "util/napi/js.hpp"

namespace thaw {
namespace {

class CopyJob : public Job {
public:
  CopyJob(std::string from, std::string to) : from_(std::move(from)), to_(std::move(to)) {
  }

  bool execute() override {
    CopyError error;
    if (copy_sparse(from_, to_, &error))
      return true;
    failure_ = errno_failure("copy_sparse", error.errnum);
    failure_.hint = to_ + ": " + error.op + ": " + errno_name(error.errnum);
    return false;
  }

  napi_value result(napi_env env) override {
    return js_undefined(env);
  }

private:
  std::string from_, to_;
};

} // namespace

napi_value JS_copySparse(napi_env env, napi_callback_info info) {
  Args args(env, info);
  std::string from = args.text(0), to = args.text(1);
  return args.ok() ? Job::run(env, std::make_unique<CopyJob>(std::move(from), std::move(to))) : nullptr;
}

} // namespace thaw
