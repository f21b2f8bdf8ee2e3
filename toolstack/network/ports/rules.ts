// SPDX-License-Identifier: Apache-2.0
// thaw's own table of packet filter rules: who is hidden behind the host's address, which ports lead where, what stays inside, and that no guest
// speaks to the host's loopback, which route_localnet would let it. Pure.

import { parseAddress } from '../addresses/address.js';
import type { Attachment, PublishedPort } from '../attachment.js';
import type { NetworkRecord } from '../record.js';

/** What is loaded in one transaction in place of what was there (nft(8)). */
export function renderRules(
  networks: readonly NetworkRecord[],
  attachments: readonly Attachment[],
): string {
  // What is in a CNI network its plugins lead to.
  const bridged = networks.filter(({ bridge }) => bridge !== '');
  const ports = attachments
    .filter(({ place }) => !place)
    .flatMap((attachment) => portRules(attachment));
  return `table inet thaw
delete table inet thaw
table inet thaw {
	chain guard {
		type filter hook prerouting priority raw; policy accept;
${lines(bridged.map(({ bridge }) => `iifname "${bridge}" ip daddr 127.0.0.0/8 drop`))}	}
	chain prerouting {
		type nat hook prerouting priority dstnat; policy accept;
${lines(ports)}	}
	chain output {
		type nat hook output priority dstnat; policy accept;
${lines(ports)}	}
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
${lines(bridged.flatMap(sourceRules))}	}
	chain forward {
		type filter hook forward priority filter; policy accept;
${lines(bridged.filter(({ internal }) => internal).flatMap(({ bridge }) => [`iifname "${bridge}" oifname != "${bridge}" drop`, `oifname "${bridge}" iifname != "${bridge}" drop`]))}	}
}
`;
}

function lines(rules: string[]): string {
  return rules.map((rule) => `\t\t${rule}\n`).join('');
}

/** One rule for each family that the container has an address of and the host's address allows. */
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

/** What leaves the network, comes from this host by its loopback, or comes back to its own sender, has the host's address. */
function sourceRules({ subnets, bridge, internal }: NetworkRecord): string[] {
  return subnets.flatMap(({ subnet }) => {
    const ip = subnet.includes(':') ? 'ip6' : 'ip';
    const loopback = ip === 'ip' ? [`ip saddr 127.0.0.0/8 oifname "${bridge}" masquerade`] : [];
    const hairpin = `${ip} saddr ${subnet} ${ip} daddr ${subnet} ct status dnat masquerade`;
    const outside = `${ip} saddr ${subnet} ${ip} daddr != ${subnet} oifname != "${bridge}" masquerade`;
    return [...loopback, hairpin, ...(internal ? [] : [outside])];
  });
}
