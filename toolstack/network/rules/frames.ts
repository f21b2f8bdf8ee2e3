// SPDX-License-Identifier: Apache-2.0
// Renders the rules for frames between the guests of a network: no guest is a router or a DHCP server. Pure.

import type { NetworkRecord } from '../record.js';

/**
 * Returns a table of the bridge family, which nft(8) replaces in one transaction. It is apart from the other rules, as a kernel without
 * nft_meta_bridge refuses it. Every network must have a bridge.
 */
export function renderFrameRules(networks: readonly NetworkRecord[]): string {
  const bridges = networks.map(({ bridge }) => `"${bridge}"`).join(', ');
  const from = `meta ibrname { ${bridges} }`;
  return `table bridge thaw
delete table bridge thaw
${
  networks.length === 0
    ? ''
    : `table bridge thaw {
	chain frames {
		type filter hook prerouting priority dstnat; policy accept;
		${from} icmpv6 type { nd-router-advert, nd-redirect } drop
		${from} udp sport { 67, 547 } drop
	}
}
`
}`;
}
