// SPDX-License-Identifier: Apache-2.0
// Turns the arguments of a context's methods into requests.

#include <unistd.h>

#include "objects/jobs/domain_job.hpp"
#include "objects/libxl/context.hpp"
#include "objects/libxl/requests.hpp"
#include "util/napi/args.hpp"
#include "util/napi/js.hpp"

namespace thaw {
namespace {

/// Unwraps `this`, lets `make` read the arguments, submits. `make` must have no effects once args.ok() is false.
template <typename Make> napi_value request(napi_env env, napi_callback_info info, Make make) {
  Args args(env, info);
  auto *context = static_cast<std::shared_ptr<Context> *>(args.self(Context::kTag));
  if (context == nullptr)
    return nullptr;
  RequestPtr made = make(args);
  return args.ok() ? (*context)->submit(env, std::move(made)) : nullptr;
}

/// For calls that take only an abort id and a domid.
template <RequestPtr (*make)(uint32_t, uint32_t)> napi_value JS_id_domid(napi_env env, napi_callback_info info) {
  return request(env, info, [](Args &args) { return make(args.u32(0), args.domid(1)); });
}

template <RequestPtr (*make)(uint32_t)> napi_value JS_domid(napi_env env, napi_callback_info info) {
  return request(env, info, [](Args &args) { return make(args.domid(0)); });
}

template <RequestPtr (*make)()> napi_value JS_plain(napi_env env, napi_callback_info info) {
  return request(env, info, [](Args &) { return make(); });
}

template <RequestPtr (*make)(uint32_t, int64_t)> napi_value JS_domid_size(napi_env env, napi_callback_info info) {
  return request(env, info, [](Args &args) { return make(args.domid(0), args.size(1)); });
}

/// Runs the call off the libxl thread, which it would block.
template <napi_value (*start)(napi_env, uint32_t)> napi_value JS_apart(napi_env env, napi_callback_info info) {
  Args args(env, info);
  void *context = args.self(Context::kTag);
  uint32_t domid = args.domid(0);
  return context != nullptr && args.ok() ? start(env, domid) : nullptr;
}

napi_value JS_domainCreateNew(napi_env env, napi_callback_info info) {
  return request(env, info, [](Args &args) { return request_create_new(args.u32(0), args.text(1)); });
}

napi_value JS_domainCreateRestore(napi_env env, napi_callback_info info) {
  return request(env, info, [](Args &args) {
    uint32_t id = args.u32(0);
    std::string json = args.text(1);
    return request_create_restore(id, json, args.duplicated_fd(2));
  });
}

napi_value JS_domainSuspend(napi_env env, napi_callback_info info) {
  return request(env, info, [](Args &args) {
    uint32_t id = args.u32(0), domid = args.domid(1);
    return request_suspend(id, domid, args.duplicated_fd(2));
  });
}

napi_value JS_domainResume(napi_env env, napi_callback_info info) {
  return request(env, info, [](Args &args) { return request_resume(args.u32(0), args.domid(1), args.boolean(2)); });
}

napi_value JS_setVcpuOnline(napi_env env, napi_callback_info info) {
  return request(env, info, [](Args &args) { return request_vcpu_online(args.u32(0), args.domid(1), args.cpus(2)); });
}

napi_value JS_domainRename(napi_env env, napi_callback_info info) {
  return request(env, info, [](Args &args) {
    bool any_old = args.is_null(1);
    return request_rename(args.domid(0), any_old, any_old ? "" : args.text(1), args.text(2));
  });
}

napi_value JS_setMemoryTarget(napi_env env, napi_callback_info info) {
  return request(env, info,
                 [](Args &args) { return request_set_memory_target(args.domid(0), args.size(1), args.boolean(2)); });
}

napi_value JS_configDefaults(napi_env env, napi_callback_info info) {
  return request(env, info, [](Args &args) { return request_config_defaults(args.text(0)); });
}

napi_value JS_domainDeathDisable(napi_env env, napi_callback_info info) {
  return request(env, info, [](Args &args) { return request_death_disable(args.u32(0)); });
}

napi_value JS_abort(napi_env env, napi_callback_info info) {
  Args args(env, info);
  auto *context = static_cast<std::shared_ptr<Context> *>(args.self(Context::kTag));
  uint32_t id = args.u32(0);
  if (args.ok() && id != 0)
    (*context)->abort(id);
  return nullptr;
}

/// hold(on): keeps the event loop alive for events of this context.
napi_value JS_hold(napi_env env, napi_callback_info info) {
  Args args(env, info);
  auto *context = static_cast<std::shared_ptr<Context> *>(args.self(Context::kTag));
  bool on = args.boolean(0);
  if (!args.ok())
    return nullptr;
  (*context)->hold_for_events(env, on);
  return nullptr;
}

napi_value JS_close(napi_env env, napi_callback_info info) {
  Args args(env, info);
  auto *context = static_cast<std::shared_ptr<Context> *>(args.self(Context::kTag));
  return context != nullptr ? (*context)->close(env) : nullptr;
}

} // namespace

void define_context_methods(napi_env env, napi_value object) {
  static const struct {
    const char *name;
    napi_callback call;
  } methods[] = {
      {"domainCreateNew", JS_domainCreateNew},
      {"domainCreateRestore", JS_domainCreateRestore},
      {"domainSuspend", JS_domainSuspend},
      {"domainResume", JS_domainResume},
      {"domainDestroy", JS_id_domid<request_destroy>},
      {"domainShutdown", JS_id_domid<request_shutdown>},
      {"domainPause", JS_id_domid<request_pause>},
      {"domainUnpause", JS_id_domid<request_unpause>},
      {"setVcpuOnline", JS_setVcpuOnline},
      {"domainRename", JS_domainRename},
      {"setMemoryTarget", JS_setMemoryTarget},
      {"getMemoryTarget", JS_domid<request_get_memory_target>},
      {"domainSetmaxmem", JS_domid_size<request_setmaxmem>},
      {"listDomains", JS_plain<request_list_domains>},
      {"domainInfo", JS_domid<request_domain_info>},
      {"physinfo", JS_plain<request_physinfo>},
      {"versionInfo", JS_plain<request_version_info>},
      {"retrieveConfig", JS_id_domid<request_retrieve_config>},
      {"configDefaults", JS_configDefaults},
      {"domainDeathEnable", JS_id_domid<request_death_enable>},
      {"domainDeathDisable", JS_domainDeathDisable},
      {"xcDomainDestroy", JS_apart<start_xc_destroy>},
      {"xcDomainUnpause", JS_apart<start_xc_unpause>},
      {"xcDomainAccounting", JS_domid<request_xc_accounting>},
      {"xcSetPagingMempool", JS_domid_size<request_xc_set_paging_mempool>},
      {"xcSetmaxmem", JS_domid_size<request_xc_setmaxmem>},
      {"hold", JS_hold},
      {"abort", JS_abort},
      {"close", JS_close},
  };
  for (auto &method : methods)
    js_set_function(env, object, method.name, method.call);
}

} // namespace thaw
