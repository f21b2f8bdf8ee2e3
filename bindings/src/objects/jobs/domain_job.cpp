// SPDX-License-Identifier: Apache-2.0
// Implements all calls of the form xc_call(handle, domid) as one job class.

#include "objects/jobs/domain_job.hpp"

#include <cerrno>

#include "clone/domain/xen_handles.hpp"
#include "util/napi/job.hpp"
#include "util/napi/js.hpp"
#include "util/xen/xen.hpp"

namespace thaw {
namespace {

using Call = int (*)(xc_interface *, uint32_t);

class DomainJob : public Job {
public:
  DomainJob(const char *op, Call call, uint32_t domid) : op_(op), call_(call), domid_(domid) {
  }

  bool execute() override {
    const XenHandles *xen = xen_handles();
    if (xen != nullptr && call_(xen->xch, domid_) == 0)
      return true;
    failure_ = errno_failure(op_, errno, domid_);
    if (xen != nullptr && errno == ESRCH)
      failure_.reason = rc_name(ERROR_DOMAIN_NOTFOUND);
    return false;
  }

  napi_value result(napi_env env) override {
    return js_undefined(env);
  }

private:
  const char *op_;
  Call call_;
  uint32_t domid_;
};

} // namespace

napi_value start_xc_destroy(napi_env env, uint32_t domid) {
  return Job::run(env, std::make_unique<DomainJob>("xc_domain_destroy", xc_domain_destroy, domid));
}

napi_value start_xc_unpause(napi_env env, uint32_t domid) {
  return Job::run(env, std::make_unique<DomainJob>("xc_domain_unpause", xc_domain_unpause, domid));
}

} // namespace thaw
