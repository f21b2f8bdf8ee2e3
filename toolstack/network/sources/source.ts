// SPDX-License-Identifier: Apache-2.0
// Says which senders' addresses a guest's frames may have, as elements of the sets of the packet rules (rules/frames.ts). Pure.

import { addressBytes, formatAddress, parseAddress } from '../addresses/ip-address.js';
import type { Attachment } from '../attachment.js';
import { macBytes } from '../netlink/message.js';
import { field, nameField, type SetElement } from '../netlink/set-elements.js';

/** dom0's end of a guest's interface, and the addresses from which the guest may send. */
export interface Source {
  vif: string;
  /** Undefined for a clone of the pool, which has nothing to send yet. */
  mac?: string;
  /** Addresses of both families. */
  addresses: readonly string[];
  /** The guest may send from any address. */
  isFree: boolean;
}

/** Returns the source of a guest that has this attachment. */
export function sourceOf(
  { vif, mac }: { vif: string; mac: string },
  { addresses, maySpoof = false }: Pick<Attachment, 'addresses' | 'maySpoof'>,
): Source {
  return { vif, mac, addresses: addresses.map(({ address }) => address), isFree: maySpoof };
}

export const SETS = {
  /** Interfaces whose frames the rules judge. */
  guests: 'ifname',
  /** Guests that may send from any address. */
  free: 'ifname',
  macs: 'ifname . ether_addr',
  ipv4: 'ifname . ether_addr . ipv4_addr',
  ipv6: 'ifname . ether_addr . ipv6_addr',
} as const;

export interface NamedElement extends SetElement {
  set: keyof typeof SETS;
  /** The element in the words of nft(8). */
  text: string;
}

export function elementsOf({ vif, mac, addresses, isFree }: Source): NamedElement[] {
  const element = (set: keyof typeof SETS, rest: string[], ...fields: Buffer[]): NamedElement => ({
    set,
    text: [`"${vif}"`, ...rest].join(' . '),
    key: Buffer.concat([nameField(vif), ...fields.map(field)]),
  });
  const guest = element('guests', []);
  if (isFree) return [guest, element('free', [])];
  if (mac === undefined) return [guest];
  const bytes = macBytes(mac);
  return [
    guest,
    element('macs', [mac], bytes),
    ...[...addresses, linkLocalOf(mac)].map((address) =>
      element(
        address.includes(':') ? 'ipv6' : 'ipv4',
        [mac, address],
        bytes,
        addressBytes(address),
      ),
    ),
  ];
}

/** Returns the address that a kernel derives from its MAC (RFC 4291, Appendix A). */
export function linkLocalOf(mac: string): string {
  const bytes = macBytes(mac);
  const id = Buffer.concat([bytes.subarray(0, 3), Buffer.from([0xff, 0xfe]), bytes.subarray(3)]);
  id.writeUInt8(id.readUInt8(0) ^ 2, 0);
  const prefix = parseAddress('fe80::')?.value ?? 0n;
  return formatAddress(6, prefix + BigInt(`0x${id.toString('hex')}`));
}
