// SPDX-License-Identifier: Apache-2.0
// What a new network comes to: its bridge's name, and subnets that are nobody's yet. Pure.

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
} from './addresses/address.js';
import { parseCniList } from './drivers/cni/list.js';
import { NetworkError } from './errors.js';
import type { NetworkRecord } from './record.js';

/** What its user asked for; what is missing is chosen. */
export interface NetworkWish {
  name: string;
  /** One of IPv4, perhaps one of IPv6. */
  subnets?: string[];
  /** Of the subnets, in any order. */
  gateways?: string[];
  /** An IPv6 subnet as well, where none is named. */
  ipv6?: boolean;
  internal?: boolean;
  disableDns?: boolean;
  labels?: Record<string, string>;
  /** A CNI network configuration list, which then says all but name, labels and DNS; `from` is what its user calls it. */
  cni?: { from: string; text: string } | undefined;
}

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/;
/** Names that mean something else to --network. */
const OTHER = ['none', 'host', 'bridge', 'private', 'default', 'container', 'ns', 'pod'];

/** Throws ERR_USAGE, ERR_NETWORK_SUBNET and ERR_NETWORK_CNI, naming option, value and what is allowed. */
export function planNetwork(
  wish: NetworkWish,
  others: readonly NetworkRecord[],
  ofHost: readonly string[],
): NetworkRecord {
  const { name, internal = false, disableDns = false, labels = {}, cni } = wish;
  if (!NAME.test(name) || OTHER.includes(name))
    throw new NetworkError(
      'ERR_USAGE',
      `Cannot use the name "${name}": up to 63 letters, digits, "_", "." and "-" are allowed, a letter or digit first, and none of ${OTHER.join(', ')}`,
    );
  const created = Date.now();
  if (cni)
    return {
      ...{ name, bridge: '', subnets: [], internal: false, hasDns: !disableDns, labels, created },
      cni: parseCniList(cni.from, cni.text),
    };
  const taken = [...ofHost, ...others.flatMap(({ subnets }) => subnets.map((s) => s.subnet))]
    .map((text) => parseHostSubnet(text))
    .filter((subnet) => subnet !== undefined);
  const subnets = chooseSubnets(wish, taken).map((subnet) => ({
    subnet: formatSubnet(subnet),
    gateway: gatewayOf(subnet, wish.gateways ?? []),
  }));
  checkGateways(wish.gateways ?? [], subnets);
  const bridge = freeBridge(others);
  return { name, bridge, subnets, internal, hasDns: !disableDns, labels, created };
}

/** As the host has it: its own address with the prefix. */
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

function chooseSubnets(wish: NetworkWish, taken: readonly Subnet[]): Subnet[] {
  const given = (wish.subnets ?? []).map((text) => {
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
      throw refusal(
        `--subnet ${wish.subnets?.join(' ')}`,
        'one of IPv4 and one of IPv6 are allowed',
      );
  const has = (family: Family): boolean => given.some((subnet) => subnet.family === family);
  return [
    ...(has(4) || (has(6) && wish.ipv6 !== true) ? [] : [freeSubnet4(taken)]),
    ...given,
    ...(wish.ipv6 === true && !has(6) ? [randomSubnet6()] : []),
  ];
}

/** The first of 10.94.0.0/16 to 10.254.0.0/16 that nobody has. */
function freeSubnet4(taken: readonly Subnet[]): Subnet {
  for (let second = 94n; second < 255n; second++) {
    const subnet: Subnet = { family: 4, base: (10n << 24n) + (second << 16n), prefix: 16 };
    if (!taken.some((other) => overlap(other, subnet))) return subnet;
  }
  throw refusal('no --subnet', 'all of 10.94.0.0/16 to 10.254.0.0/16 are in use; name one');
}

/** A unique local one (RFC 4193). */
function randomSubnet6(): Subnet {
  const random = BigInt(`0x${randomBytes(7).toString('hex')}`);
  return { family: 6, base: ((0xfdn << 56n) + random) << 64n, prefix: 64 };
}

/** The one named for it, or its first address. */
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
