// SPDX-License-Identifier: Apache-2.0
// Gives out the addresses of subnets, each to one sandbox at a time.

import {
  bitsOf,
  contains,
  formatAddress,
  parseAddress,
  parseSubnet,
  sizeOf,
  type Subnet,
} from './ip-address.js';
import type { AttachedAddress } from '../attachment.js';
import { NetworkError } from '../errors.js';
import type { NetworkRecord } from '../record.js';

/** The number of addresses tried before a subnet counts as full: no host has so many containers. */
const TRIES = 65_536;

export class Addresses {
  readonly #taken = new Set<string>();
  readonly #next = new Map<string, bigint>();

  /** Marks an address as taken. Idempotent. */
  take(address: string): void {
    this.#taken.add(address);
  }

  release(address: string): void {
    this.#taken.delete(address);
  }

  /**
   * Takes the next free address after the last one given out, and not the lowest: other hosts may still have a released address in their ARP
   * tables. Throws ERR_NETWORK_FULL.
   */
  next(network: string, text: string, gateway: string): string {
    const subnet = mustParse(text);
    const [first, end] = usable(subnet);
    let offset = this.#next.get(text) ?? first;
    for (let tries = 0n; tries < end - first && tries < TRIES; tries++) {
      if (offset >= end) offset = first;
      const address = formatAddress(subnet.family, subnet.base + offset++);
      if (address === gateway || this.#taken.has(address)) continue;
      this.#next.set(text, offset);
      this.#taken.add(address);
      return address;
    }
    throw new NetworkError(
      'ERR_NETWORK_FULL',
      `Cannot take an address in network "${network}": all of ${text} are in use`,
    );
  }

  /** Takes that address. Throws ERR_NETWORK_ADDRESS, naming `option`, for one that is invalid, taken, or outside the subnet. */
  claim(option: string, wanted: string, network: string, text: string, gateway: string): string {
    const subnet = mustParse(text);
    const parsed = parseAddress(wanted);
    const [first, end] = usable(subnet);
    const offset = parsed ? parsed.value - subnet.base : -1n;
    if (!parsed || !contains(subnet, parsed) || offset < first || offset >= end)
      throw refusal(option, wanted, `network "${network}" has ${text}`);
    const address = formatAddress(parsed.family, parsed.value);
    if (address === gateway || this.#taken.has(address))
      throw refusal(option, wanted, 'it is in use');
    this.#taken.add(address);
    return address;
  }
}

/** The network's name, and the user's addresses. */
export interface AddressRequest {
  network: string;
  ip?: string | undefined;
  ip6?: string | undefined;
}

/** Takes one address of each subnet of the network. Throws ERR_NETWORK_ADDRESS and ERR_NETWORK_FULL, and then takes none. */
export function takeAddresses(
  addresses: Addresses,
  { subnets, internal }: NetworkRecord,
  { network, ip, ip6 }: AddressRequest,
): AttachedAddress[] {
  const taken: AttachedAddress[] = [];
  try {
    for (const { subnet, gateway } of subnets) {
      const family = subnet.includes(':') ? 6 : 4;
      const [option, wanted] = family === 4 ? ['--ip', ip] : ['--ip6', ip6];
      const address =
        wanted === undefined
          ? addresses.next(network, subnet, gateway)
          : addresses.claim(option, wanted, network, subnet, gateway);
      const prefix = Number(subnet.slice(subnet.indexOf('/') + 1));
      taken.push({ family, address, prefix, gateway: internal ? '' : gateway });
    }
    if (ip6 !== undefined && !taken.some(({ family }) => family === 6))
      throw refusal(
        '--ip6',
        ip6,
        `network "${network}" has no IPv6; make one with thaw network create --ipv6`,
      );
    return taken;
  } catch (error) {
    for (const { address } of taken) addresses.release(address);
    throw error;
  }
}

/** Returns the offsets of the first usable address and behind the last one. Excludes the subnet's own and IPv4's broadcast address. */
function usable(subnet: Subnet): [bigint, bigint] {
  const size = sizeOf(subnet);
  const hasOwn = subnet.prefix < bitsOf(subnet.family) - 1;
  return [hasOwn ? 1n : 0n, hasOwn && subnet.family === 4 ? size - 1n : size];
}

function mustParse(text: string): Subnet {
  const subnet = parseSubnet(text);
  if (!subnet) throw new NetworkError('ERR_NETWORK_SUBNET', `${text} is no subnet`);
  return subnet;
}

function refusal(option: string, value: string, why: string): NetworkError {
  return new NetworkError('ERR_NETWORK_ADDRESS', `Cannot use ${option} ${value}: ${why}`);
}
