// SPDX-License-Identifier: Apache-2.0
// Where the name server listens for a network's containers, and whom it knows there. Pure.

import type { AttachedAddress, Attachment } from '../attachment.js';
import type { Zone } from './dns.js';
import type { NetworkRecord } from '../record.js';

/**
 * One for each network. Of one that CNI plugins make, what they made says it: gateways that its containers were told to ask. Two networks may
 * have the same one, as two lists with one bridge have: the first has it then, since one address is listened at once.
 */
export function zonesOf(
  networks: readonly NetworkRecord[],
  attachments: readonly Attachment[],
): Zone[] {
  const taken = new Set<string>();
  return networks.map((network) => {
    const own = attachments.filter((one) => one.network === network.name);
    if (!network.cni) return { network, members: membersOf(own) };
    const asked = own.flatMap(askedGateways).filter((gateway) => !taken.has(gateway));
    const gateways = [...new Set(asked)];
    for (const gateway of gateways) taken.add(gateway);
    const told = own.filter((one) => askedGateways(one).some((g) => gateways.includes(g)));
    const subnets = gateways.map((gateway) => ({ subnet: '', gateway }));
    return { network: { ...network, subnets }, members: membersOf(told) };
  });
}

function membersOf(attachments: readonly Attachment[]): Zone['members'] {
  return attachments.map((one) => [one.id, one]);
}

function askedGateways({ place }: Attachment): string[] {
  return place?.nameGateways ?? [];
}

/**
 * The gateways of these addresses that are among `ofHost`, the host's own. Those of IPv4 do for both: an IPv6 address that a plugin has just given
 * to a bridge may not be listened at yet.
 */
export function ownGateways(
  addresses: readonly AttachedAddress[],
  ofHost: readonly string[],
): string[] {
  const own = addresses.filter(({ gateway }) => ofHost.includes(gateway));
  const four = own.filter(({ family }) => family === 4);
  return (four.length > 0 ? four : own).map(({ gateway }) => gateway);
}
