// SPDX-License-Identifier: Apache-2.0
// Joins a bridge as a job of libuv's pool: the kernel's lock on interfaces may be held for a while.

#include "objects/jobs/link_job.hpp"

#include <string>

#include "util/host/link.hpp"
#include "util/napi/args.hpp"
#include "util/napi/job.hpp"
#include "util/napi/js.hpp"

namespace thaw {
namespace {

class LinkJob : public Job {
public:
  LinkJob(std::string interface, std::string bridge) : interface_(std::move(interface)), bridge_(std::move(bridge)) {
  }

  bool execute() override {
    LinkError error;
    if (link_join(interface_, bridge_, &error))
      return true;
    failure_ = errno_failure("link_join", error.errnum);
    failure_.hint = interface_ + ": " + error.op + ": " + errno_name(error.errnum);
    return false;
  }

  napi_value result(napi_env env) override {
    return js_undefined(env);
  }

private:
  std::string interface_, bridge_;
};

} // namespace

napi_value JS_linkJoin(napi_env env, napi_callback_info info) {
  Args args(env, info);
  std::string interface = args.text(0), bridge = args.text(1);
  return args.ok() ? Job::run(env, std::make_unique<LinkJob>(std::move(interface), std::move(bridge))) : nullptr;
}

} // namespace thaw
