// SPDX-License-Identifier: Apache-2.0
// Says which senders' addresses a guest's frames may have, as elements of the sets of the packet rules (rules/frames.ts). Pure.

import { addressBytes } from '../addresses/ip-address.js';
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

/** An element of a set. A start encodes only those that it sends. */
export interface SourceElement {
  set: keyof typeof SETS;
  fields: readonly Field[];
}

interface Field {
  /** In the words of nft(8). */
  text: string;
  bytes: () => Buffer;
}

export function elementsOf({ vif, mac, addresses, isFree }: Source): SourceElement[] {
  const name: Field = { text: `"${vif}"`, bytes: () => nameField(vif) };
  const guest: SourceElement = { set: 'guests', fields: [name] };
  if (isFree) return [guest, { set: 'free', fields: [name] }];
  if (mac === undefined) return [guest];
  const sender: Field = { text: mac, bytes: () => macBytes(mac) };
  return [
    guest,
    { set: 'macs', fields: [name, sender] },
    ...addresses.map((address): SourceElement => ({
      set: address.includes(':') ? 'ipv6' : 'ipv4',
      fields: [name, sender, { text: address, bytes: () => addressBytes(address) }],
    })),
    { set: 'ipv6', fields: [name, sender, linkLocalOf(mac)] },
  ];
}

/** Returns the element in the words of nft(8). */
export function elementText({ fields }: SourceElement): string {
  return fields.map(({ text }) => text).join(' . ');
}

/** Returns the element as the kernel knows it. */
export function encodeElement({ set, fields }: SourceElement): SetElement {
  return { set, key: Buffer.concat(fields.map(({ bytes }) => field(bytes()))) };
}

/** Returns the address that a kernel derives from its MAC (RFC 4291, Appendix A). */
export function linkLocalOf(mac: string): Field {
  const [a = 0, b = 0, c = 0, ...rest] = macBytes(mac);
  const id = [a ^ 2, b, c, 0xff, 0xfe, ...rest];
  const groups = [0, 2, 4, 6].map((at) => ((id[at] ?? 0) * 256 + (id[at + 1] ?? 0)).toString(16));
  return {
    text: `fe80::${groups.join(':')}`,
    bytes: () => Buffer.from([0xfe, 0x80, 0, 0, 0, 0, 0, 0, ...id]),
  };
}
