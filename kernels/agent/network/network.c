// SPDX-License-Identifier: Apache-2.0
/* NETWORK: gives the guest its addresses and removes the old ones, which a clone has from its template. */
#include "network/network.h"

#include "protocol/control.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

#define MTU_MIN 1280u /* the minimum of IPv6 */
#define MTU_MAX 65535u

static bool is_well_formed(const struct thaw_network *network) {
  return network->prefix4 <= 32 && network->prefix6 <= 128 && (network->mac[0] & 1) == 0 &&
         (network->mtu == 0 || (network->mtu >= MTU_MIN && network->mtu <= MTU_MAX));
}

void agent_network_request(struct agent_request request, struct agent_fields *fields) {
  struct thaw_network network;
  char interface[AGENT_NAME_MAX + 1];
  const char *failed;

  if (!agent_fields_struct(fields, &network, sizeof network) || !agent_fields_name(fields, interface) ||
      !agent_fields_at_end(fields) || strlen(interface) >= IFNAMSIZ || !is_well_formed(&network)) {
    agent_control_error(request, THAW_E_MESSAGE, "NETWORK is malformed");
    return;
  }
  failed = agent_network_set(interface, &network);
  if (failed)
    agent_control_error(request, errno == ENODEV ? THAW_E_DEVICE : THAW_E_INTERNAL, "%s: cannot %s: %s", interface,
                        failed, strerror(errno));
  else
    agent_control_ok(request, NULL, 0);
}
