// SPDX-License-Identifier: Apache-2.0
// Computes the name server's zones: for each network, the addresses at which it listens and the containers that it knows. Pure.

import type { AttachedAddress, Attachment } from '../attachment.js';
import type { NetworkRecord } from '../record.js';
import type { Zone } from './name-server.js';

/**
 * Returns one zone for each network. The name server listens at the gateways of the network's record, or at those of its attachments. Two CNI
 * networks may have the same gateway, as two lists with one bridge do. Only the first network gets it: a server can listen at an address once.
 */
export function zonesOf(
  networks: readonly NetworkRecord[],
  attachments: readonly Attachment[],
): Zone[] {
  const taken = new Set<string>();
  return networks.map(({ name, subnets }) => {
    const own = attachments.filter(({ network }) => network === name);
    const fixed = subnets.map(({ gateway }) => gateway);
    const named = own.flatMap(({ nameGateways = [] }) => nameGateways);
    const free = [...new Set(named)].filter((gateway) => !taken.has(gateway));
    for (const gateway of free) taken.add(gateway);
    const gateways = [...fixed, ...free];
    const members = own.filter(({ nameGateways = fixed }) =>
      nameGateways.some((gateway) => gateways.includes(gateway)),
    );
    return { network: name, gateways, members };
  });
}

/**
 * Returns the gateways of these addresses that are also in `ofHost`, the host's own. IPv4 gateways are enough for both families: the kernel may not
 * yet let a server listen at an IPv6 address that a plugin has just given to a bridge.
 */
export function ownGateways(
  addresses: readonly AttachedAddress[],
  ofHost: readonly string[],
): string[] {
  const own = addresses.filter(({ gateway }) => ofHost.includes(gateway));
  const four = own.filter(({ family }) => family === 4);
  return (four.length > 0 ? four : own).map(({ gateway }) => gateway);
}
