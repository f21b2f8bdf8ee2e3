// SPDX-License-Identifier: Apache-2.0
// Keeps the domains whose end libxl watches, and reads libxl's death events. Libxl thread only.
#pragma once

#include <map>
#include <string>

#include "util/xen/xen.hpp"

namespace thaw {

/// libxl leaves the event's domuuid empty, so there is none here.
struct DomainEvent {
  uint32_t watch = 0;
  const char *type = ""; ///< `domain_shutdown` or `domain_death`.
  uint32_t domid = 0;
  std::string shutdown_reason;
};

class DeathWatches {
public:
  int enable(libxl_ctx *ctx, uint32_t watch, uint32_t domid);
  /// Ignores unknown watches: a watch may be closed before it was enabled.
  void disable(libxl_ctx *ctx, uint32_t watch);
  void disable_all(libxl_ctx *ctx);

  /// False for events of other kinds.
  static bool read(const libxl_event &event, DomainEvent *out);

private:
  std::map<uint32_t, libxl_evgen_domain_death *> generators_;
};

std::string uuid_text(const libxl_uuid &uuid);
std::string shutdown_reason_name(int reason);

} // namespace thaw
