// SPDX-License-Identifier: Apache-2.0
// Calls on an existing domain: its lifecycle, its vCPUs, its name, and the watch for its end.

#include <algorithm>

#include "objects/libxl/requests.hpp"
#include "util/stream/save_stream.hpp"
#include "util/xen/death_watches.hpp"

namespace thaw {
namespace {

class SuspendRequest : public Request {
public:
  SuspendRequest(uint32_t id, uint32_t domid, int fd) : Request("libxl_domain_suspend", domid, id), stream_(fd) {
  }
  bool is_async() const override {
    return true;
  }
  int start(const Xen &xen, const libxl_asyncop_how *how) override {
    errnum = stream_.check_writable();
    if (errnum != 0) {
      hint = "a save stream can only be written to a file or memfd that is open for writing";
      return ERROR_FAIL;
    }
    return libxl_domain_suspend(xen.ctx, static_cast<uint32_t>(domid), stream_.fd(), 0, how);
  }
  bool can_abort() const override {
    return stream_.is_past_head();
  }

private:
  SaveStream stream_;
};

class VcpuOnlineRequest : public Request {
public:
  VcpuOnlineRequest(uint32_t id, uint32_t domid, std::vector<int> cpus)
      : Request("libxl_set_vcpuonline", domid, id), cpus_(std::move(cpus)) {
    libxl_bitmap_init(&map_);
  }
  ~VcpuOnlineRequest() override {
    libxl_bitmap_dispose(&map_);
  }
  bool is_async() const override {
    return true;
  }
  int start(const Xen &xen, const libxl_asyncop_how *how) override {
    int highest = *std::max_element(cpus_.begin(), cpus_.end());
    int rc = libxl_cpu_bitmap_alloc(xen.ctx, &map_, highest + 1);
    if (rc != 0)
      return rc;
    libxl_bitmap_set_none(&map_);
    for (int cpu : cpus_)
      libxl_bitmap_set(&map_, cpu);
    return libxl_set_vcpuonline(xen.ctx, static_cast<uint32_t>(domid), &map_, how);
  }

private:
  std::vector<int> cpus_;
  libxl_bitmap map_;
};

} // namespace

RequestPtr request_suspend(uint32_t id, uint32_t domid, int fd) {
  return std::make_unique<SuspendRequest>(id, domid, fd);
}

RequestPtr request_resume(uint32_t id, uint32_t domid, bool cooperative) {
  return async_request("libxl_domain_resume", domid, id,
                       [=](auto ctx, auto how) { return libxl_domain_resume(ctx, domid, cooperative, how); });
}

RequestPtr request_destroy(uint32_t id, uint32_t domid) {
  return async_request("libxl_domain_destroy", domid, id,
                       [=](auto ctx, auto how) { return libxl_domain_destroy(ctx, domid, how); });
}

RequestPtr request_shutdown(uint32_t id, uint32_t domid) {
  return async_request("libxl_domain_shutdown", domid, id,
                       [=](auto ctx, auto how) { return libxl_domain_shutdown(ctx, domid, how); });
}

RequestPtr request_pause(uint32_t id, uint32_t domid) {
  return async_request("libxl_domain_pause", domid, id,
                       [=](auto ctx, auto how) { return libxl_domain_pause(ctx, domid, how); });
}

RequestPtr request_unpause(uint32_t id, uint32_t domid) {
  return async_request("libxl_domain_unpause", domid, id,
                       [=](auto ctx, auto how) { return libxl_domain_unpause(ctx, domid, how); });
}

RequestPtr request_vcpu_online(uint32_t id, uint32_t domid, std::vector<int> cpus) {
  return std::make_unique<VcpuOnlineRequest>(id, domid, std::move(cpus));
}

RequestPtr request_rename(uint32_t domid, bool any_old, std::string old_name, std::string new_name) {
  return simple_request("libxl_domain_rename", domid, [=](const Xen &xen, Request &) {
    const char *old = any_old ? nullptr : old_name.c_str();
    return libxl_domain_rename(xen.ctx, domid, old, new_name.c_str());
  });
}

RequestPtr request_death_enable(uint32_t watch, uint32_t domid) {
  return simple_request("libxl_evenable_domain_death", domid,
                        [=](const Xen &xen, Request &) { return xen.watches->enable(xen.ctx, watch, domid); });
}

RequestPtr request_death_disable(uint32_t watch) {
  return simple_request("libxl_evdisable_domain_death", -1, [=](const Xen &xen, Request &) {
    xen.watches->disable(xen.ctx, watch);
    return 0;
  });
}

} // namespace thaw
