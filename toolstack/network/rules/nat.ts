// SPDX-License-Identifier: Apache-2.0
// Renders the rules that change addresses: published ports and masquerading. Pure.

import { parseAddress } from '../addresses/ip-address.js';
import type { Attachment, PublishedPort } from '../attachment.js';
import type { NetworkRecord } from '../record.js';

/** Returns one rule for each address of the container whose family fits the host's address. */
export function portRules({ ports, addresses }: Attachment): string[] {
  return ports.flatMap((port) =>
    addresses.flatMap(({ family, address }) => {
      const hostFamily = port.hostIp === '' ? family : parseAddress(port.hostIp)?.family;
      return hostFamily === family ? [portRule(port, family, address)] : [];
    }),
  );
}

function portRule(port: PublishedPort, family: 4 | 6, address: string): string {
  const ip = family === 4 ? 'ip' : 'ip6';
  const isAny = ['', '0.0.0.0', '::'].includes(port.hostIp);
  const where = isAny
    ? `meta nfproto ipv${family} fib daddr type local`
    : `${ip} daddr ${port.hostIp}`;
  const target = `${family === 4 ? address : `[${address}]`}:${port.containerPort}`;
  return `${where} ${port.protocol} dport ${port.hostPort} dnat ${ip} to ${target}`;
}

/** Masquerades packets that leave the network, come from the host's loopback, or go back to their own sender by a published port. */
export function sourceRules({ subnets, bridge, internal }: NetworkRecord): string[] {
  return subnets.flatMap(({ subnet }) => {
    const ip = subnet.includes(':') ? 'ip6' : 'ip';
    const loopback = ip === 'ip' ? [`ip saddr 127.0.0.0/8 oifname "${bridge}" masquerade`] : [];
    const hairpin = `${ip} saddr ${subnet} ${ip} daddr ${subnet} ct status dnat masquerade`;
    const outside = `${ip} saddr ${subnet} ${ip} daddr != ${subnet} oifname != "${bridge}" masquerade`;
    return [...loopback, hairpin, ...(internal ? [] : [outside])];
  });
}
