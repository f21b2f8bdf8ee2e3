// SPDX-License-Identifier: Apache-2.0
// Renders the filters of tc(8) that pass on only what a guest sends from the MAC and addresses of its interface, as rules/frames.ts does in bridges.
// Pure.

import { parseAddress } from '../../addresses/ip-address.js';
import type { NamespaceLink } from '../../interface.js';
import { macBytes } from '../../netlink/message.js';

type Sender = Pick<NamespaceLink, 'name' | 'mac' | 'addresses'>;

/** The filter that leads to the chain of the others. Filters of lower preference come first (resolver.ts). */
const LEAD = 'pref 10 handle 1 protocol all flower';

/** Returns a text that changes when the filters do. */
export function senderKey({ mac, addresses }: Sender): string {
  return [mac, ...addresses.map(({ address }) => address)].join(' ');
}

/** Returns lines of `tc -batch` that make the chain, whose packets go to the interface, and then lead the vif's packets there. */
export function filterLines(vif: string, sender: Sender, chain: number): string[] {
  const { name, mac, addresses } = sender;
  const pass = `action mirred egress redirect dev ${name}`;
  const of = (family: 4 | 6): string[] =>
    addresses.filter((one) => one.family === family).map(({ address }) => address);
  const own = `src_mac ${mac}`;
  const filters = [
    // Only the own addresses may be advertised. tc's flower does not know the address in an advertisement.
    ...of(6).flatMap((from) =>
      of(6).map((target) => `pref 1 protocol ipv6 u32 ${advertises(mac, from, target)} ${pass}`),
    ),
    // A guest would change the addresses and routes of others.
    ...[ROUTER, ADVERTISEMENT, REDIRECT].map(
      (type) => `pref 2 protocol ipv6 flower ip_proto icmpv6 type ${type} action drop`,
    ),
    // Behind very many extension headers flower does not find the type.
    ...[HOP_BY_HOP, ROUTING, DESTINATION].map(
      (header) => `pref 2 protocol ipv6 flower ip_proto ${header} action drop`,
    ),
    'pref 3 protocol ip flower ip_proto udp src_port 67 action drop',
    'pref 4 protocol ipv6 flower ip_proto udp src_port 547 action drop',
    ...of(4).map((address) => `pref 5 protocol ip flower ${own} src_ip ${address} ${pass}`),
    ...of(6).map((address) => `pref 6 protocol ipv6 flower ${own} src_ip ${address} ${pass}`),
    ...[SOLICITATION, LISTENER].map(
      (type) => `pref 7 protocol ipv6 flower ${own} src_ip :: ip_proto icmpv6 type ${type} ${pass}`,
    ),
    ...['0.0.0.0', ...of(4)].map(
      (address) => `pref 8 protocol arp flower ${own} arp_sip ${address} arp_sha ${mac} ${pass}`,
    ),
    'pref 9 protocol all matchall action drop',
  ];
  return [
    ...filters.map((filter) => `filter add dev ${vif} ingress chain ${chain} ${filter}`),
    `filter replace dev ${vif} ingress ${LEAD} action goto chain ${chain}`,
  ];
}

/** Types of ICMPv6 messages (RFC 4861, RFC 3810). */
const [ROUTER, SOLICITATION, ADVERTISEMENT, REDIRECT, LISTENER] = [134, 135, 136, 137, 143];

/** Extension headers (RFC 8200). */
const [HOP_BY_HOP, ROUTING, DESTINATION] = [0, 43, 60];

/** Matches an advertisement without extension headers, by offsets from the IPv6 header. */
function advertises(mac: string, from: string, target: string): string {
  const bytes = macBytes(mac).toString('hex');
  const words = (address: string, at: number): string[] => {
    const hex = (parseAddress(address)?.value ?? 0n).toString(16).padStart(32, '0');
    return [0, 4, 8, 12].map(
      (offset) =>
        `match u32 0x${hex.slice(2 * offset, 2 * offset + 8)} 0xffffffff at ${at + offset}`,
    );
  };
  return [
    `match u32 0x${bytes.slice(0, 8)} 0xffffffff at -8`,
    `match u16 0x${bytes.slice(8)} 0xffff at -4`,
    'match u8 58 0xff at 6',
    `match u8 ${ADVERTISEMENT} 0xff at 40`,
    ...words(from, 8),
    ...words(target, 48),
  ].join(' ');
}
