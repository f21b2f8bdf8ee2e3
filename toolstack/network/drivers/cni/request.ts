// SPDX-License-Identifier: Apache-2.0
// What a sandbox wants of a CNI network, in the words of its plugins, and what of their answer is the sandbox's. Pure.

import type { AttachedAddress } from '../../attachment.js';
import { hasCapability, isObject, type CniList } from './list.js';
import { NetworkError } from '../../errors.js';
import type { NamespaceLink } from '../namespace/namespace.js';
import type { AttachRequest } from '../../attachments.js';

/** What can be asked of a network for one container, by the capability that one of its plugins must have (CNI conventions). */
export interface CniWish {
  portMappings?: { hostPort: number; containerPort: number; protocol: string; hostIP?: string }[];
  ips?: string[];
  mac?: string;
}

/** What of a sandbox's wishes CNI plugins are asked for. Pure. */
export function wishOf({ ip, ip6, mac, ports }: Omit<AttachRequest, 'network' | 'names'>): CniWish {
  const ips = [ip, ip6].filter((one) => one !== undefined);
  const portMappings = ports.map(({ hostIp, ...port }) => ({
    ...port,
    ...(hostIp === '' ? {} : { hostIP: hostIp }),
  }));
  return {
    ...(ips.length > 0 ? { ips } : {}),
    ...(portMappings.length > 0 ? { portMappings } : {}),
    ...(mac === undefined ? {} : { mac }),
  };
}

/** The first global one of each family. Pure. */
export function addressesOf({ addresses, routes }: NamespaceLink): AttachedAddress[] {
  return ([4, 6] as const).flatMap((family) => {
    const found = addresses.find((one) => one.family === family && one.scope === 'global');
    if (!found) return [];
    const { address, prefix } = found;
    const first = routes.find((one) => one.family === family && one.to.prefix === 0);
    return [{ family, address, prefix, gateway: first?.gateway ?? '' }];
  });
}

/** Throws ERR_NETWORK_CNI when nobody in the list does what is asked for. */
export function checkWish(network: string, { plugins }: CniList, wish: CniWish): void {
  for (const key of Object.keys(wish) as (keyof CniWish)[])
    if (!plugins.some((plugin) => hasCapability(plugin, key)))
      throw new NetworkError(
        'ERR_NETWORK_CNI',
        `Cannot use ${optionOf(key, wish)} in network "${network}": none of its CNI plugins has the capability "${key}"`,
      );
}

function optionOf(key: keyof CniWish, { ips = [] }: CniWish): string {
  if (key === 'portMappings') return '--publish';
  if (key === 'mac') return '--mac-address';
  return ips.every((one) => one.includes(':')) ? '--ip6' : '--ip';
}

/** The name servers that a result knows. What else is in it the namespace says better. */
export function nameServersOf(result: unknown): string[] {
  const dns = isObject(result) && isObject(result['dns']) ? result['dns'] : {};
  const servers: unknown = dns['nameservers'];
  return Array.isArray(servers) ? servers.filter((one) => typeof one === 'string') : [];
}
