// SPDX-License-Identifier: Apache-2.0
// Plans a new bridge network: chooses the bridge's name and free subnets. Pure.

import { randomBytes } from 'node:crypto';
import {
  contains,
  formatAddress,
  formatSubnet,
  overlap,
  parseAddress,
  parseSubnet,
  sizeOf,
  type Family,
  type Subnet,
} from '../../addresses/ip-address.js';
import { NetworkError } from '../../errors.js';
import type { NetworkRecord } from '../../record.js';
import type { NetworkRequest } from '../../request.js';

export type BridgePlan = Pick<NetworkRecord, 'bridge' | 'subnets' | 'internal'>;

/** `ownSubnets` are the host's. Throws ERR_NETWORK_SUBNET, which names the option, its value and the allowed values. */
export function planBridge(
  { subnets: wanted = [], gateways = [], ipv6 = false, internal = false }: NetworkRequest,
  others: readonly NetworkRecord[],
  ownSubnets: readonly string[],
): BridgePlan {
  const taken = [...ownSubnets, ...others.flatMap(({ subnets }) => subnets.map((s) => s.subnet))]
    .map((text) => parseHostSubnet(text))
    .filter((subnet) => subnet !== undefined);
  const subnets = chooseSubnets(wanted, ipv6, taken).map((subnet) => ({
    subnet: formatSubnet(subnet),
    gateway: gatewayOf(subnet, gateways),
  }));
  checkGateways(gateways, subnets);
  return { bridge: freeBridge(others), subnets, internal };
}

/** Parses an address with a prefix, such as 192.0.2.9/24, as its subnet. */
function parseHostSubnet(text: string): Subnet | undefined {
  const [address = '', prefix = ''] = text.split('/');
  const parsed = parseAddress(address);
  if (!parsed) return undefined;
  const size = sizeOf({ family: parsed.family, prefix: Number(prefix) });
  return {
    family: parsed.family,
    base: parsed.value - (parsed.value % size),
    prefix: Number(prefix),
  };
}

function chooseSubnets(
  wanted: readonly string[],
  ipv6: boolean,
  taken: readonly Subnet[],
): Subnet[] {
  const given = wanted.map((text) => {
    const subnet = parseSubnet(text);
    const [least, most] = subnet?.family === 6 ? [8, 126] : [8, 30];
    if (!subnet || subnet.prefix < least || subnet.prefix > most)
      throw refusal(`--subnet ${text}`, 'a subnet such as 10.1.2.0/24 or fd00:1::/64 is wanted');
    if (taken.some((other) => overlap(other, subnet)))
      throw refusal(`--subnet ${text}`, 'this host or another network has addresses of it');
    return subnet;
  });
  for (const family of [4, 6] as const)
    if (given.filter((subnet) => subnet.family === family).length > 1)
      throw refusal(`--subnet ${wanted.join(' ')}`, 'one of IPv4 and one of IPv6 are allowed');
  const has = (family: Family): boolean => given.some((subnet) => subnet.family === family);
  return [
    ...(has(4) || (has(6) && !ipv6) ? [] : [freeSubnet4(taken)]),
    ...given,
    ...(ipv6 && !has(6) ? [randomSubnet6()] : []),
  ];
}

/** Returns the first free subnet of 10.94.0.0/16 to 10.254.0.0/16. */
function freeSubnet4(taken: readonly Subnet[]): Subnet {
  for (let second = 94n; second < 255n; second++) {
    const subnet: Subnet = { family: 4, base: (10n << 24n) + (second << 16n), prefix: 16 };
    if (!taken.some((other) => overlap(other, subnet))) return subnet;
  }
  throw refusal('no --subnet', 'all of 10.94.0.0/16 to 10.254.0.0/16 are in use; name one');
}

/** Returns a unique local subnet (RFC 4193). */
function randomSubnet6(): Subnet {
  const random = BigInt(`0x${randomBytes(7).toString('hex')}`);
  return { family: 6, base: ((0xfdn << 56n) + random) << 64n, prefix: 64 };
}

/** Returns the user's gateway for the subnet, or the subnet's first address. */
function gatewayOf(subnet: Subnet, gateways: readonly string[]): string {
  const named = gateways
    .map((text) => parseAddress(text))
    .find((address) => address !== undefined && contains(subnet, address));
  return formatAddress(subnet.family, named?.value ?? subnet.base + 1n);
}

function checkGateways(gateways: readonly string[], subnets: readonly { gateway: string }[]): void {
  for (const text of gateways) {
    const parsed = parseAddress(text);
    const shown = parsed && formatAddress(parsed.family, parsed.value);
    if (!subnets.some(({ gateway }) => gateway === shown))
      throw refusal(`--gateway ${text}`, 'it is no address of the subnets, one each');
  }
}

function freeBridge(others: readonly NetworkRecord[]): string {
  for (let number = 0; ; number++) {
    const bridge = `thaw${number}`;
    if (!others.some((other) => other.bridge === bridge)) return bridge;
  }
}

function refusal(what: string, why: string): NetworkError {
  return new NetworkError('ERR_NETWORK_SUBNET', `Cannot use ${what}: ${why}`);
}
