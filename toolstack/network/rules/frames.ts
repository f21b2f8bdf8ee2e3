// SPDX-License-Identifier: Apache-2.0
// Renders the rules for frames between the guests of a network: a guest sends from its own addresses alone, and is no router and no DHCP server. Pure.

import type { NetworkRecord } from '../record.js';
import { elementsOf, elementText, SETS, type Source } from '../sources/source.js';

/** The table of the bridge family. */
export const FRAME_TABLE = 'thaw';

/**
 * Returns a table of the bridge family, which nft(8) replaces in one transaction. It is apart from the other rules, as a kernel without filters for
 * bridges refuses it. Every network must have a bridge. Without `namesBridges`, for a kernel without nft_meta_bridge, guests are known by their
 * interfaces alone.
 */
export function renderFrameRules(
  networks: readonly NetworkRecord[],
  sources: readonly Source[],
  { namesBridges }: { namesBridges: boolean },
): string {
  const bridges = networks.map(({ bridge }) => `"${bridge}"`).join(', ');
  const replaced = `table bridge ${FRAME_TABLE}\ndelete table bridge ${FRAME_TABLE}\n`;
  if (networks.length === 0) return replaced;
  return `${replaced}table bridge ${FRAME_TABLE} {
${renderSets(sources)}	chain frames {
		type filter hook prerouting priority dstnat; policy accept;
${lines([...(namesBridges ? [`meta ibrname != { ${bridges} } accept`] : []), ...RULES])}	}
}
`;
}

const RULES = [
  'iifname != @guests accept',
  // The rules below see what is behind the tag only in part, and no network of thaw has tags.
  'ether type { 8021q, 8021ad } drop',
  // A guest would change the addresses and routes of others.
  'icmpv6 type { nd-router-advert, nd-redirect } drop',
  'udp sport { 67, 547 } drop',
  'iifname @free accept',
  'iifname . ether saddr != @macs drop',
  'arp htype 1 arp ptype ip arp hlen 6 arp plen 4 iifname . arp saddr ether . arp saddr ip @ipv4 accept',
  // A guest asks in this way whether another has its address (RFC 5227).
  'arp operation request arp saddr ip 0.0.0.0 iifname . arp saddr ether @macs accept',
  'iifname . ether saddr . ip saddr @ipv4 accept',
  'icmpv6 type nd-neighbor-advert iifname . ether saddr . icmpv6 taddr != @ipv6 drop',
  'iifname . ether saddr . ip6 saddr @ipv6 accept',
  // A guest asks in this way before it has an address (RFC 4862, RFC 3810).
  'ip6 saddr :: icmpv6 type { nd-neighbor-solicit, mld2-listener-report } accept',
  'drop',
];

function renderSets(sources: readonly Source[]): string {
  const all = sources.flatMap((source) => elementsOf(source));
  return Object.entries(SETS)
    .map(([name, type]) => {
      const own = all.filter(({ set }) => set === name).map(elementText);
      const elements = own.length > 0 ? ` elements = { ${own.join(', ')} };` : '';
      return `\tset ${name} { type ${type};${elements} }\n`;
    })
    .join('');
}

function lines(rules: readonly string[]): string {
  return rules.map((rule) => `\t\t${rule}\n`).join('');
}
