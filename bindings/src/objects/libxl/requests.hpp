// SPDX-License-Identifier: Apache-2.0
// One factory function for each call into libxl and libxenctrl that JavaScript can make. A request owns the
// descriptors that it is given.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "util/napi/request.hpp"

namespace thaw {

using RequestPtr = std::unique_ptr<Request>;

// requests_create.cpp
RequestPtr request_create_new(uint32_t id, std::string config_json);
RequestPtr request_create_restore(uint32_t id, std::string config_json, int fd);
RequestPtr request_retrieve_config(uint32_t id, uint32_t domid);
RequestPtr request_config_defaults(std::string config_json);

// requests_domain.cpp
RequestPtr request_suspend(uint32_t id, uint32_t domid, int fd);
RequestPtr request_resume(uint32_t id, uint32_t domid, bool cooperative);
RequestPtr request_destroy(uint32_t id, uint32_t domid);
RequestPtr request_shutdown(uint32_t id, uint32_t domid);
RequestPtr request_pause(uint32_t id, uint32_t domid);
RequestPtr request_unpause(uint32_t id, uint32_t domid);
RequestPtr request_vcpu_online(uint32_t id, uint32_t domid, std::vector<int> cpus);
RequestPtr request_rename(uint32_t domid, bool any_old, std::string old_name, std::string new_name);
RequestPtr request_death_enable(uint32_t watch, uint32_t domid);
RequestPtr request_death_disable(uint32_t watch);

// requests_memory.cpp
RequestPtr request_set_memory_target(uint32_t domid, int64_t target_kib, bool enforce);
RequestPtr request_get_memory_target(uint32_t domid);
RequestPtr request_setmaxmem(uint32_t domid, int64_t max_kib);
RequestPtr request_xc_setmaxmem(uint32_t domid, int64_t max_kib);
RequestPtr request_xc_set_paging_mempool(uint32_t domid, int64_t bytes);
RequestPtr request_xc_accounting(uint32_t domid);

// requests_query.cpp
RequestPtr request_list_domains();
RequestPtr request_domain_info(uint32_t domid);
RequestPtr request_physinfo();
RequestPtr request_version_info();

} // namespace thaw
