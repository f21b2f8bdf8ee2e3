// SPDX-License-Identifier: Apache-2.0
// Which addresses of a network are taken, and which is the next that is not.

import {
  bitsOf,
  contains,
  formatAddress,
  parseAddress,
  parseSubnet,
  sizeOf,
  type Subnet,
} from './address.js';
import type { AttachedAddress } from '../attachment.js';
import { NetworkError } from '../errors.js';
import type { NetworkRecord } from '../record.js';

/** Looked at before a subnet counts as full; of a larger one nobody has so many containers. */
const TRIES = 65_536;

export class Addresses {
  readonly #taken = new Set<string>();
  readonly #next = new Map<string, bigint>();

  /** Marks an address as somebody's, also one that is already. */
  take(address: string): void {
    this.#taken.add(address);
  }

  release(address: string): void {
    this.#taken.delete(address);
  }

  /**
   * Takes the next free address after the one given out last: an address that was somebody's a moment ago may still be known elsewhere as his.
   * Throws ERR_NETWORK_FULL.
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

  /** Takes that address. Throws ERR_NETWORK_ADDRESS with `option`'s name where it is none, another's, or outside. */
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

/** What of a network's subnets a sandbox is to have, and which of them its user named. */
export interface AddressWish {
  network: string;
  ip?: string | undefined;
  ip6?: string | undefined;
}

/**
 * One of each subnet of the network. Throws ERR_NETWORK_ADDRESS and ERR_NETWORK_FULL; nothing is taken then. One whose addresses CNI plugins give
 * out has no subnets.
 */
export function takeAddresses(
  addresses: Addresses,
  { subnets, internal, cni }: NetworkRecord,
  { network, ip, ip6 }: AddressWish,
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
    if (ip6 !== undefined && !cni && !taken.some(({ family }) => family === 6))
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

/** From the first to behind the last that a container may have: the network's own and IPv4's broadcast address are nobody's. */
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
