// SPDX-License-Identifier: Apache-2.0
// Calls that change or count a domain's memory: through libxl where libxl's records matter, through libxenctrl where
// only Xen's do.

#include <cerrno>
#include <cstring>

#include "objects/libxl/requests.hpp"
#include "util/napi/js.hpp"
#include "util/xen/death_watches.hpp"

namespace thaw {
namespace {

/// Converts libxenctrl's result: -1 and errno.
int xc_result(Request &request, int r) {
  if (r != 0)
    request.errnum = errno != 0 ? errno : EIO;
  return 0;
}

class TargetRequest : public Request {
public:
  explicit TargetRequest(uint32_t domid) : Request("libxl_get_memory_target", domid) {
  }
  int start(const Xen &xen, const libxl_asyncop_how *) override {
    return libxl_get_memory_target(xen.ctx, static_cast<uint32_t>(domid), &target_kib_);
  }
  napi_value result(napi_env env) override {
    return js_number(env, static_cast<double>(target_kib_));
  }

private:
  uint64_t target_kib_ = 0;
};

class AccountingRequest : public Request {
public:
  explicit AccountingRequest(uint32_t domid) : Request("xc_domain_getinfo_single", domid) {
  }
  int start(const Xen &xen, const libxl_asyncop_how *) override {
    auto id = static_cast<uint32_t>(domid);
    if (xc_domain_getinfo_single(xen.xch, id, &info_) != 0)
      return errno == ESRCH ? int{ERROR_DOMAIN_NOTFOUND} : xc_result(*this, -1);
    // Only domains with hardware-assisted or shadow paging have a pool. Xen refuses the call for all others.
    if (xc_get_paging_mempool_size(xen.xch, id, &pool_bytes_) != 0)
      pool_bytes_ = 0;
    return 0;
  }
  napi_value result(napi_env env) override {
    napi_value object = js_object(env);
    auto set = [&](const char *name, uint64_t value) {
      js_set(env, object, name, js_number(env, static_cast<double>(value)));
    };
    set("domid", info_.domain);
    libxl_uuid uuid;
    static_assert(sizeof uuid.uuid == sizeof info_.handle, "both are 16 bytes");
    memcpy(uuid.uuid, info_.handle, sizeof uuid.uuid);
    js_set(env, object, "uuid", js_string(env, uuid_text(uuid)));
    set("totPages", info_.tot_pages);
    set("maxPages", info_.max_pages);
    set("outstandingPages", info_.outstanding_pages);
    set("sharedPages", info_.shr_pages);
    set("pagedPages", info_.paged_pages);
    set("pagingPoolBytes", pool_bytes_);
    js_set(env, object, "dying", js_bool(env, (info_.flags & XEN_DOMINF_dying) != 0));
    return object;
  }

private:
  xc_domaininfo_t info_ = {};
  uint64_t pool_bytes_ = 0;
};

} // namespace

RequestPtr request_set_memory_target(uint32_t domid, int64_t target_kib, bool enforce) {
  return simple_request("libxl_set_memory_target", domid, [=](const Xen &xen, Request &) {
    return libxl_set_memory_target(xen.ctx, domid, target_kib, 0, enforce);
  });
}

RequestPtr request_get_memory_target(uint32_t domid) {
  return std::make_unique<TargetRequest>(domid);
}

RequestPtr request_setmaxmem(uint32_t domid, int64_t max_kib) {
  return simple_request("libxl_domain_setmaxmem", domid, [=](const Xen &xen, Request &) {
    return libxl_domain_setmaxmem(xen.ctx, domid, static_cast<uint64_t>(max_kib));
  });
}

RequestPtr request_xc_setmaxmem(uint32_t domid, int64_t max_kib) {
  return simple_request("xc_domain_setmaxmem", domid, [=](const Xen &xen, Request &request) {
    return xc_result(request, xc_domain_setmaxmem(xen.xch, domid, static_cast<uint64_t>(max_kib)));
  });
}

RequestPtr request_xc_set_paging_mempool(uint32_t domid, int64_t bytes) {
  return simple_request("xc_set_paging_mempool_size", domid, [=](const Xen &xen, Request &request) {
    auto size = static_cast<uint64_t>(bytes);
    int r = xc_set_paging_mempool_size(xen.xch, domid, size);
    return xc_result(request, r);
  });
}

RequestPtr request_xc_accounting(uint32_t domid) {
  return std::make_unique<AccountingRequest>(domid);
}

} // namespace thaw
