// SPDX-License-Identifier: Apache-2.0
// Calls libxl_evenable_domain_death and reads its events.

#include "util/xen/death_watches.hpp"

namespace thaw {

int DeathWatches::enable(libxl_ctx *ctx, uint32_t watch, uint32_t domid) {
  libxl_evgen_domain_death *generator = nullptr;
  int rc = libxl_evenable_domain_death(ctx, domid, watch, &generator);
  if (rc == 0)
    generators_[watch] = generator;
  return rc;
}

void DeathWatches::disable(libxl_ctx *ctx, uint32_t watch) {
  auto found = generators_.find(watch);
  if (found == generators_.end())
    return;
  libxl_evdisable_domain_death(ctx, found->second);
  generators_.erase(found);
}

void DeathWatches::disable_all(libxl_ctx *ctx) {
  while (!generators_.empty())
    disable(ctx, generators_.begin()->first);
}

bool DeathWatches::read(const libxl_event &event, DomainEvent *out) {
  if (event.type != LIBXL_EVENT_TYPE_DOMAIN_SHUTDOWN && event.type != LIBXL_EVENT_TYPE_DOMAIN_DEATH)
    return false;
  out->watch = static_cast<uint32_t>(event.for_user);
  out->domid = event.domid;
  out->type = "domain_death";
  if (event.type == LIBXL_EVENT_TYPE_DOMAIN_SHUTDOWN) {
    out->type = "domain_shutdown";
    out->shutdown_reason = shutdown_reason_name(event.u.domain_shutdown.shutdown_reason);
  }
  return true;
}

std::string uuid_text(const libxl_uuid &uuid) {
  const uint8_t *bytes = libxl_uuid_bytearray_const(&uuid);
  std::string text;
  static const char digits[] = "0123456789abcdef";
  for (int i = 0; i < 16; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10)
      text += '-';
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

std::string shutdown_reason_name(int reason) {
  const char *name = libxl_shutdown_reason_to_string(static_cast<libxl_shutdown_reason>(reason));
  return name != nullptr ? name : "unknown";
}

} // namespace thaw
