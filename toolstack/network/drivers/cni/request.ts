// SPDX-License-Identifier: Apache-2.0
// Translates a sandbox's options into requests to CNI plugins, and their results into its addresses and name servers. Pure.

import type { AttachedAddress } from '../../attachment.js';
import { defined } from '../../../base/defined.js';
import { NetworkError } from '../../errors.js';
import type { NamespaceLink } from '../../interface.js';
import type { AttachRequest } from '../../request.js';
import { hasCapability, isObject, type CniList, type CniRequest } from './list.js';

/** Returns a request with only the options that the sandbox sets. Pure. */
export function cniRequest({
  ip,
  ip6,
  mac,
  ports,
}: Omit<AttachRequest, 'network' | 'names'>): CniRequest {
  const ips = [ip, ip6].filter((one) => one !== undefined);
  const portMappings = ports.map(({ hostIp, ...port }) => ({
    ...port,
    ...(hostIp === '' ? {} : { hostIP: hostIp }),
  }));
  return {
    ...(ips.length > 0 ? { ips } : {}),
    ...(portMappings.length > 0 ? { portMappings } : {}),
    ...defined({ mac }),
  };
}

/** Returns the first global address of each family, with its default route. Pure. */
export function addressesOf({ addresses, routes }: NamespaceLink): AttachedAddress[] {
  return ([4, 6] as const).flatMap((family) => {
    const found = addresses.find((one) => one.family === family && one.scope === 'global');
    if (!found) return [];
    const { address, prefix } = found;
    const first = routes.find((one) => one.family === family && one.to.prefix === 0);
    return [{ family, address, prefix, gateway: first?.gateway ?? '' }];
  });
}

/** Throws ERR_NETWORK_CNI when no plugin of the list has a requested capability. */
export function checkRequest(network: string, { plugins }: CniList, request: CniRequest): void {
  for (const key of Object.keys(request) as (keyof CniRequest)[])
    if (!plugins.some((plugin) => hasCapability(plugin, key)))
      throw new NetworkError(
        'ERR_NETWORK_CNI',
        `Cannot use ${optionOf(key, request)} in network "${network}": none of its CNI plugins has the capability "${key}"`,
      );
}

function optionOf(key: keyof CniRequest, { ips = [] }: CniRequest): string {
  if (key === 'portMappings') return '--publish';
  if (key === 'mac') return '--mac-address';
  return ips.every((one) => one.includes(':')) ? '--ip6' : '--ip';
}

/** The name servers in a plugin's result. Addresses and routes are read from the namespace instead. */
export function nameServersOf(result: unknown): string[] {
  const dns = isObject(result) && isObject(result['dns']) ? result['dns'] : {};
  const servers: unknown = dns['nameservers'];
  return Array.isArray(servers) ? servers.filter((one) => typeof one === 'string') : [];
}
