// SPDX-License-Identifier: Apache-2.0
// Where the name server listens for a network's containers, and whom it knows there. Pure.

import type { AttachedAddress, Attachment } from './attachment.js';
import type { Zone } from './dns.js';
import type { NetworkRecord } from './record.js';

/**
 * Of a network that CNI plugins make, what they made says it: the gateway, where that is among `ofHost`, the host's own addresses. Without one
 * nobody can be told.
 */
export function zoneOf(
  network: NetworkRecord,
  attachments: readonly Attachment[],
  ofHost: readonly string[],
): Zone {
  const members: Zone['members'] = attachments.map((one) => [one.id, one]);
  if (!network.cni) return { network, members };
  const all = attachments.flatMap(({ addresses }) => ownGateways(addresses, ofHost));
  const subnets = [...new Set(all)].map((gateway) => ({ subnet: '', gateway }));
  return { network: { ...network, subnets }, members: subnets.length > 0 ? members : [] };
}

/**
 * The gateways of these addresses that are the host's. Those of IPv4 do for both: an IPv6 address that a plugin has just given to a bridge may not
 * be listened at yet.
 */
export function ownGateways(
  addresses: readonly AttachedAddress[],
  ofHost: readonly string[],
): string[] {
  const own = addresses.filter(({ gateway }) => ofHost.includes(gateway));
  const four = own.filter(({ family }) => family === 4);
  return (four.length > 0 ? four : own).map(({ gateway }) => gateway);
}
