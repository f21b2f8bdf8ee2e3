// SPDX-License-Identifier: Apache-2.0
// Calls on a domain's configuration: create, restore, read back. Configurations are passed as libxl's own JSON.

#include <cstdlib>

#include "objects/libxl/requests.hpp"
#include "util/napi/js.hpp"
#include "util/stream/save_stream.hpp"

namespace thaw {
namespace {

/// A libxl_domain_config and its source text.
class ConfigRequest : public Request {
public:
  ConfigRequest(const char *op, int64_t domid, uint32_t id, std::string json)
      : Request(op, domid, id), json_(std::move(json)) {
    libxl_domain_config_init(&config_);
  }
  ~ConfigRequest() override {
    libxl_domain_config_dispose(&config_);
  }

protected:
  int parse(libxl_ctx *ctx) {
    int rc = libxl_domain_config_from_json(ctx, &config_, json_.c_str());
    if (rc != 0) {
      hint = "the domain config is not libxl's JSON";
      return ERROR_INVAL;
    }
    // libxl's unions have no member for other types: continuing would abort the process.
    libxl_domain_type type = config_.c_info.type;
    bool is_known = type == LIBXL_DOMAIN_TYPE_PV || type == LIBXL_DOMAIN_TYPE_PVH || type == LIBXL_DOMAIN_TYPE_HVM;
    if (!is_known || config_.b_info.type != type) {
      hint = "c_info.type and b_info.type must be the same one of pv, pvh, hvm";
      return ERROR_INVAL;
    }
    return 0;
  }

  int serialise(libxl_ctx *ctx) {
    char *text = libxl_domain_config_to_json(ctx, &config_);
    if (text == nullptr)
      return ERROR_NOMEM;
    json_ = text;
    free(text);
    return 0;
  }

  libxl_domain_config config_;
  std::string json_;
};

class CreateRequest : public ConfigRequest {
public:
  CreateRequest(const char *op, uint32_t id, std::string json) : ConfigRequest(op, -1, id, std::move(json)) {
  }
  bool is_async() const override {
    return true;
  }
  int start(const Xen &xen, const libxl_asyncop_how *how) override {
    int rc = parse(xen.ctx);
    return rc != 0 ? rc : libxl_domain_create_new(xen.ctx, &config_, &created_, how, nullptr);
  }
  /// An aborted create leaves its half-made domain to the caller.
  bool undo(const Xen &xen, const libxl_asyncop_how *how) override {
    xc_domaininfo_t info;
    if (!libxl_domid_valid_guest(created_) || xc_domain_getinfo_single(xen.xch, created_, &info) != 0)
      return false;
    return libxl_domain_destroy(xen.ctx, created_, how) == 0;
  }
  napi_value result(napi_env env) override {
    return js_number(env, created_);
  }

protected:
  uint32_t created_ = INVALID_DOMID;
};

class RestoreRequest : public CreateRequest {
public:
  RestoreRequest(uint32_t id, std::string json, int fd)
      : CreateRequest("libxl_domain_create_restore", id, std::move(json)), stream_(fd) {
    libxl_domain_restore_params_init(&params_);
    params_.stream_version = 2;
  }
  ~RestoreRequest() override {
    libxl_domain_restore_params_dispose(&params_);
  }
  int start(const Xen &xen, const libxl_asyncop_how *how) override {
    int rc = parse(xen.ctx);
    if (rc != 0)
      return rc;
    if (const char *what = stream_.check_readable()) {
      reason = "BAD_STREAM";
      hint = what;
      return ERROR_INVAL;
    }
    return libxl_domain_create_restore(xen.ctx, &config_, &created_, stream_.fd(), -1, &params_, how, nullptr);
  }
  bool can_abort() const override {
    return stream_.is_past_head();
  }

private:
  libxl_domain_restore_params params_;
  SaveStream stream_;
};

class RetrieveRequest : public ConfigRequest {
public:
  RetrieveRequest(uint32_t id, uint32_t domid) : ConfigRequest("libxl_retrieve_domain_configuration", domid, id, "") {
  }
  bool is_async() const override {
    return true;
  }
  int start(const Xen &xen, const libxl_asyncop_how *how) override {
    return libxl_retrieve_domain_configuration(xen.ctx, static_cast<uint32_t>(domid), &config_, how);
  }
  int finish(const Xen &xen) override {
    return serialise(xen.ctx);
  }
  napi_value result(napi_env env) override {
    return js_string(env, json_);
  }
};

class RoundTripRequest : public ConfigRequest {
public:
  explicit RoundTripRequest(std::string json) : ConfigRequest("libxl_domain_config_from_json", -1, 0, std::move(json)) {
  }
  int start(const Xen &xen, const libxl_asyncop_how *) override {
    int rc = parse(xen.ctx);
    return rc != 0 ? rc : serialise(xen.ctx);
  }
  napi_value result(napi_env env) override {
    return js_string(env, json_);
  }
};

} // namespace

RequestPtr request_create_new(uint32_t id, std::string json) {
  return std::make_unique<CreateRequest>("libxl_domain_create_new", id, std::move(json));
}

RequestPtr request_create_restore(uint32_t id, std::string json, int fd) {
  return std::make_unique<RestoreRequest>(id, std::move(json), fd);
}

RequestPtr request_retrieve_config(uint32_t id, uint32_t domid) {
  return std::make_unique<RetrieveRequest>(id, domid);
}

RequestPtr request_config_defaults(std::string json) {
  return std::make_unique<RoundTripRequest>(std::move(json));
}

} // namespace thaw
