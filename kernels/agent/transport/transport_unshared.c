// SPDX-License-Identifier: Apache-2.0
/* Transports without shared memory, which keep nothing through a freeze: every wake opens its channels anew. */
#include "transport/transport.h"

size_t agent_transport_describe(const struct agent_transport *transport, struct thaw_ring_page *pages_out,
                                size_t most) {
  (void)transport, (void)pages_out, (void)most;
  return 0;
}

void agent_transport_keep(struct agent_transport *transport) {
  agent_transport_close(transport);
}

bool agent_transport_is_prepared(void) {
  return false;
}
