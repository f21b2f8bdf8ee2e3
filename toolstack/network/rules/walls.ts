// SPDX-License-Identifier: Apache-2.0
// Renders the rules that part networks from each other, from the outside and from dom0 (docs/networks.md, Walls). Pure.

import { parseAddress } from '../addresses/ip-address.js';
import type { NetworkRecord } from '../record.js';

/** Returns rules that drop packets whose sender has no address of the network: dom0 would route the answers into another network. */
export function guardRules({ bridge, subnets }: NetworkRecord): string[] {
  const [four, six] = [4, 6].map((family) => subnetsOf(subnets, family as 4 | 6));
  const from = `iifname "${bridge}"`;
  return [
    four ? `${from} ip saddr != ${four} drop` : `${from} meta nfproto ipv4 drop`,
    // An address that is being checked for duplicates (RFC 4862) asks with :: as its sender.
    six ? `${from} ip6 saddr != { ::, fe80::/10, ${six} } drop` : `${from} meta nfproto ipv6 drop`,
  ];
}

/**
 * Returns the rules for packets of guests to dom0 itself: name servers, the ports that the network opens, neighbour discovery, and answers to dom0's
 * own connections. `nameServers` are the host's, some of which may be dom0 itself.
 */
export function inputRules(
  { bridge, subnets, hasDns, hostPorts = [] }: NetworkRecord,
  nameServers: readonly string[],
): string[] {
  const from = `iifname "${bridge}"`;
  const gateways = subnets.map(({ gateway }) => gateway);
  // resolv.conf may have anything, and scoped addresses that packet rules do not know.
  const ofHost = nameServers.filter((address) => parseAddress(address) !== undefined);
  return [
    `${from} ct state established,related accept`,
    `${from} icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept`,
    ...[...(hasDns ? gateways : []), ...ofHost].map(
      (address) => `${from} ${asked(address)} accept`,
    ),
    // Another host may have a route to the network.
    ...gateways.map((address) => `iifname != { "lo", "${bridge}" } ${asked(address)} drop`),
    ...hostPorts.map(({ port, protocol }) => `${from} ${protocol} dport ${port} accept`),
    `${from} drop`,
  ];
}

function asked(address: string): string {
  const ip = address.includes(':') ? 'ip6' : 'ip';
  return `${ip} daddr ${address} meta l4proto { tcp, udp } th dport 53`;
}

/**
 * Returns the rules for packets that dom0 passes on: into a network come only answers, connections to published ports and packets of the network
 * itself, which dom0's kernel shows to these rules when it filters bridges (br_netfilter).
 */
export function forwardRules({ bridge, internal }: NetworkRecord): string[] {
  const [from, to] = [`iifname "${bridge}"`, `oifname "${bridge}"`];
  const inside = `${from} ${to} accept`;
  if (internal) return [inside, `${from} drop`, `${to} drop`];
  return [
    inside,
    `${to} ct state established,related accept`,
    `${to} ct status dnat accept`,
    `${to} drop`,
  ];
}

function subnetsOf(subnets: NetworkRecord['subnets'], family: 4 | 6): string | undefined {
  return subnets.find(({ subnet }) => subnet.includes(':') === (family === 6))?.subnet;
}
