// SPDX-License-Identifier: Apache-2.0
// Renders thaw's packet rules as one nftables table. Pure.

import type { Attachment } from '../attachment.js';
import type { NetworkRecord } from '../record.js';
import { portRules, sourceRules } from './nat.js';
import { forwardRules, guardRules, inputRules } from './walls.js';

/**
 * Returns the whole table, which nft(8) replaces in one transaction. Every network must have a bridge and a driver that uses the rules. `nameServers`
 * are those of the host.
 */
export function renderRules(
  networks: readonly NetworkRecord[],
  attachments: readonly Attachment[],
  nameServers: readonly string[] = [],
): string {
  const ports = attachments.flatMap((attachment) => portRules(attachment));
  return `table inet thaw
delete table inet thaw
table inet thaw {
	chain guard {
		type filter hook prerouting priority raw; policy accept;
${lines([LOOPBACK_GUARD, ...networks.flatMap(guardRules)])}	}
	chain prerouting {
		type nat hook prerouting priority dstnat; policy accept;
${lines(ports)}	}
	chain output {
		type nat hook output priority dstnat; policy accept;
${lines(ports)}	}
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
${lines(networks.flatMap(sourceRules))}	}
	chain input {
		type filter hook input priority filter; policy accept;
${lines(networks.flatMap((network) => inputRules(network, nameServers)))}	}
	chain forward {
		type filter hook forward priority filter; policy accept;
${lines(forwards(networks))}	}
}
`;
}

/**
 * A published port of the host's loopback is for the host alone. Address translation comes before the kernel looks for packets from elsewhere with such
 * an address (martians).
 */
const LOOPBACK_GUARD = 'iifname != "lo" ip daddr 127.0.0.0/8 drop';

/** A packet from one network into another meets the rules of both: those that drop come first. */
function forwards(networks: readonly NetworkRecord[]): string[] {
  const [closed, open] = [true, false].map((internal) =>
    networks.filter((network) => network.internal === internal),
  );
  return [...(closed ?? []), ...(open ?? [])].flatMap(forwardRules);
}

function lines(rules: string[]): string {
  return rules.map((rule) => `\t\t${rule}\n`).join('');
}
