// SPDX-License-Identifier: Apache-2.0
// Calls that only read: domains, the host, the hypervisor.

#include <cstdlib>

#include "objects/libxl/requests.hpp"
#include "util/napi/js.hpp"
#include "util/xen/death_watches.hpp"

namespace thaw {
namespace {

struct Domain {
  libxl_dominfo info;
  std::string name;
};

std::string name_of(libxl_ctx *ctx, uint32_t domid) {
  char *name = libxl_domid_to_name(ctx, domid);
  std::string text = name != nullptr ? name : "";
  free(name);
  return text;
}

napi_value domain_object(napi_env env, const Domain &domain) {
  const libxl_dominfo &info = domain.info;
  napi_value object = js_object(env);
  auto number = [&](const char *name, uint64_t value) {
    js_set(env, object, name, js_number(env, static_cast<double>(value)));
  };
  auto flag = [&](const char *name, bool value) { js_set(env, object, name, js_bool(env, value)); };
  number("domid", info.domid);
  js_set(env, object, "uuid", js_string(env, uuid_text(info.uuid)));
  if (!domain.name.empty())
    js_set(env, object, "name", js_string(env, domain.name));
  flag("running", info.running);
  flag("blocked", info.blocked);
  flag("paused", info.paused);
  flag("shutdown", info.shutdown);
  flag("dying", info.dying);
  js_set(env, object, "shutdownReason", js_string(env, shutdown_reason_name(info.shutdown_reason)));
  number("currentMemKib", info.current_memkb);
  number("maxMemKib", info.max_memkb);
  number("outstandingMemKib", info.outstanding_memkb);
  number("sharedMemKib", info.shared_memkb);
  number("pagedMemKib", info.paged_memkb);
  number("vcpuOnline", info.vcpu_online);
  number("vcpuMaxId", info.vcpu_max_id);
  js_set(env, object, "cpuTimeNs", js_bigint(env, info.cpu_time));
  const char *type = libxl_domain_type_to_string(info.domain_type);
  js_set(env, object, "domainType", js_string(env, type != nullptr ? type : "invalid"));
  return object;
}

class ListRequest : public Request {
public:
  ListRequest() : Request("libxl_list_domain") {
  }
  ~ListRequest() override {
    for (Domain &domain : domains_)
      libxl_dominfo_dispose(&domain.info);
  }
  int start(const Xen &xen, const libxl_asyncop_how *) override {
    int count = 0;
    libxl_dominfo *list = libxl_list_domain(xen.ctx, &count);
    if (list == nullptr)
      return ERROR_FAIL;
    for (int i = 0; i < count; i++)
      domains_.push_back({list[i], name_of(xen.ctx, list[i].domid)});
    free(list); // The elements' contents are ours now.
    return 0;
  }
  napi_value result(napi_env env) override {
    napi_value array = nullptr;
    napi_create_array_with_length(env, domains_.size(), &array);
    for (size_t i = 0; i < domains_.size(); i++)
      napi_set_element(env, array, static_cast<uint32_t>(i), domain_object(env, domains_[i]));
    return array;
  }

private:
  std::vector<Domain> domains_;
};

class InfoRequest : public Request {
public:
  explicit InfoRequest(uint32_t domid) : Request("libxl_domain_info", domid) {
    libxl_dominfo_init(&domain_.info);
  }
  ~InfoRequest() override {
    libxl_dominfo_dispose(&domain_.info);
  }
  int start(const Xen &xen, const libxl_asyncop_how *) override {
    int rc = libxl_domain_info(xen.ctx, &domain_.info, static_cast<uint32_t>(domid));
    if (rc == 0)
      domain_.name = name_of(xen.ctx, static_cast<uint32_t>(domid));
    return rc;
  }
  napi_value result(napi_env env) override {
    return domain_object(env, domain_);
  }

private:
  Domain domain_;
};

class PhysinfoRequest : public Request {
public:
  PhysinfoRequest() : Request("libxl_get_physinfo") {
    libxl_physinfo_init(&info_);
  }
  ~PhysinfoRequest() override {
    libxl_physinfo_dispose(&info_);
  }
  int start(const Xen &xen, const libxl_asyncop_how *) override {
    const libxl_version_info *version = libxl_get_version_info(xen.ctx);
    if (version == nullptr)
      return ERROR_FAIL;
    page_kib_ = static_cast<uint64_t>(version->pagesize) / 1024;
    return libxl_get_physinfo(xen.ctx, &info_);
  }
  napi_value result(napi_env env) override {
    napi_value object = js_object(env), capabilities = js_object(env);
    auto number = [&](const char *name, uint64_t value) {
      js_set(env, object, name, js_number(env, static_cast<double>(value)));
    };
    auto capability = [&](const char *name, bool value) { js_set(env, capabilities, name, js_bool(env, value)); };
    number("threadsPerCore", info_.threads_per_core);
    number("coresPerSocket", info_.cores_per_socket);
    number("nrCpus", info_.nr_cpus);
    number("maxCpuId", info_.max_cpu_id);
    number("cpuKhz", info_.cpu_khz);
    number("nrNodes", info_.nr_nodes);
    number("totalMemKib", info_.total_pages * page_kib_);
    number("freeMemKib", info_.free_pages * page_kib_);
    number("scrubMemKib", info_.scrub_pages * page_kib_);
    number("outstandingMemKib", info_.outstanding_pages * page_kib_);
    capability("pv", info_.cap_pv);
    capability("hvm", info_.cap_hvm);
    capability("hap", info_.cap_hap);
    capability("shadow", info_.cap_shadow);
    capability("hvmDirectio", info_.cap_hvm_directio);
    capability("gnttabV1", info_.cap_gnttab_v1);
    capability("gnttabV2", info_.cap_gnttab_v2);
    js_set(env, object, "capabilities", capabilities);
    return object;
  }

private:
  libxl_physinfo info_;
  uint64_t page_kib_ = 4;
};

class VersionRequest : public Request {
public:
  VersionRequest() : Request("libxl_get_version_info") {
    libxl_version_info_init(&info_);
  }
  ~VersionRequest() override {
    libxl_version_info_dispose(&info_);
  }
  int start(const Xen &xen, const libxl_asyncop_how *) override {
    const libxl_version_info *info = libxl_get_version_info(xen.ctx);
    if (info == nullptr)
      return ERROR_FAIL;
    libxl_version_info_copy(xen.ctx, &info_, info); // libxl keeps and changes its own.
    return 0;
  }
  napi_value result(napi_env env) override {
    napi_value object = js_object(env);
    auto text = [&](const char *name, const char *value) {
      js_set(env, object, name, js_string(env, value != nullptr ? value : ""));
    };
    std::string extra = info_.xen_version_extra != nullptr ? info_.xen_version_extra : "";
    std::string version =
        std::to_string(info_.xen_version_major) + "." + std::to_string(info_.xen_version_minor) + extra;
    js_set(env, object, "major", js_number(env, info_.xen_version_major));
    js_set(env, object, "minor", js_number(env, info_.xen_version_minor));
    js_set(env, object, "pageSize", js_number(env, info_.pagesize));
    text("extra", extra.c_str());
    text("version", version.c_str());
    text("compiler", info_.compiler);
    text("compileDate", info_.compile_date);
    text("capabilities", info_.capabilities);
    text("changeset", info_.changeset);
    text("commandline", info_.commandline);
    text("buildId", info_.build_id);
    return object;
  }

private:
  libxl_version_info info_;
};

} // namespace

RequestPtr request_list_domains() {
  return std::make_unique<ListRequest>();
}

RequestPtr request_domain_info(uint32_t domid) {
  return std::make_unique<InfoRequest>(domid);
}

RequestPtr request_physinfo() {
  return std::make_unique<PhysinfoRequest>();
}

RequestPtr request_version_info() {
  return std::make_unique<VersionRequest>();
}

} // namespace thaw
