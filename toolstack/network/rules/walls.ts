// SPDX-License-Identifier: Apache-2.0
// Renders the rules that part networks from each other, from the outside and from dom0 (docs/networks.md, Walls). Pure.

import type { NetworkRecord } from '../record.js';

/**
 * Returns the rules before all others. They drop packets for the host's loopback, which route_localnet would let in, and packets whose sender has no
 * address of the network: dom0 would route the answers into another network.
 */
export function guardRules({ bridge, subnets }: NetworkRecord): string[] {
  const [four, six] = [4, 6].map((family) => subnetsOf(subnets, family as 4 | 6));
  const from = `iifname "${bridge}"`;
  return [
    `${from} ip daddr 127.0.0.0/8 drop`,
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
  const answers = [...(hasDns ? subnets.map(({ gateway }) => gateway) : []), ...nameServers];
  return [
    `${from} ct state established,related accept`,
    `${from} icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept`,
    ...answers.map((address) => {
      const ip = address.includes(':') ? 'ip6' : 'ip';
      return `${from} ${ip} daddr ${address} meta l4proto { tcp, udp } th dport 53 accept`;
    }),
    ...hostPorts.map(({ port, protocol }) => `${from} ${protocol} dport ${port} accept`),
    `${from} drop`,
  ];
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
