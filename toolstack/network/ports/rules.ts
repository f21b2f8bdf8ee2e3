// SPDX-License-Identifier: Apache-2.0
// Renders thaw's packet rules: masquerading, published ports, internal networks, and a guard for the host's loopback, which route_localnet would
// open to guests. Pure.

import { parseAddress } from '../addresses/ip-address.js';
import type { Attachment, PublishedPort } from '../attachment.js';
import type { NetworkRecord } from '../record.js';

/** Returns the whole table, which nft(8) replaces in one transaction. Every network must have a bridge and a driver that uses the rules. */
export function renderRules(
  networks: readonly NetworkRecord[],
  attachments: readonly Attachment[],
): string {
  const ports = attachments.flatMap((attachment) => portRules(attachment));
  return `table inet thaw
delete table inet thaw
table inet thaw {
	chain guard {
		type filter hook prerouting priority raw; policy accept;
${lines(networks.map(({ bridge }) => `iifname "${bridge}" ip daddr 127.0.0.0/8 drop`))}	}
	chain prerouting {
		type nat hook prerouting priority dstnat; policy accept;
${lines(ports)}	}
	chain output {
		type nat hook output priority dstnat; policy accept;
${lines(ports)}	}
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
${lines(networks.flatMap(sourceRules))}	}
	chain forward {
		type filter hook forward priority filter; policy accept;
${lines(networks.filter(({ internal }) => internal).flatMap(({ bridge }) => [`iifname "${bridge}" oifname != "${bridge}" drop`, `oifname "${bridge}" iifname != "${bridge}" drop`]))}	}
}
`;
}

function lines(rules: string[]): string {
  return rules.map((rule) => `\t\t${rule}\n`).join('');
}

/** Returns one rule for each address of the container whose family fits the host's address. */
function portRules({ ports, addresses }: Attachment): string[] {
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
function sourceRules({ subnets, bridge, internal }: NetworkRecord): string[] {
  return subnets.flatMap(({ subnet }) => {
    const ip = subnet.includes(':') ? 'ip6' : 'ip';
    const loopback = ip === 'ip' ? [`ip saddr 127.0.0.0/8 oifname "${bridge}" masquerade`] : [];
    const hairpin = `${ip} saddr ${subnet} ${ip} daddr ${subnet} ct status dnat masquerade`;
    const outside = `${ip} saddr ${subnet} ${ip} daddr != ${subnet} oifname != "${bridge}" masquerade`;
    return [...loopback, hairpin, ...(internal ? [] : [outside])];
  });
}
