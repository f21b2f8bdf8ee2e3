// SPDX-License-Identifier: Apache-2.0
// The kernel settings of a network's bridge: dom0 takes no word of a guest for its own configuration. Pure.

import type { NetworkRecord } from './record.js';

/** A file below /proc/sys and its value (Linux, Documentation/networking/ip-sysctl.rst). */
export type Setting = readonly [name: string, value: string];

/** Returns the settings that hold before the bridge is up, and so before a guest's first packet. */
export function wallSettings({
  bridge,
  subnets,
}: Pick<NetworkRecord, 'bridge' | 'subnets'>): Setting[] {
  const hasIpv6 = subnets.some(({ subnet }) => subnet.includes(':'));
  const [four, six] = [`net/ipv4/conf/${bridge}`, `net/ipv6/conf/${bridge}`];
  return [
    // A guest's router advertisement would give dom0 addresses and a default route (CVE-2020-13401).
    [`${six}/accept_ra`, '0'],
    [`${six}/autoconf`, '0'],
    [`${six}/accept_redirects`, '0'],
    [`${six}/disable_ipv6`, hasIpv6 ? '0' : '1'],
    [`${four}/accept_redirects`, '0'],
    [`${four}/send_redirects`, '0'],
    [`${four}/rp_filter`, '1'],
    // dom0 answers and asks with its address of this network alone: its other addresses are no business of guests.
    [`${four}/arp_ignore`, '1'],
    [`${four}/arp_announce`, '2'],
  ];
}

/** Returns the settings with which dom0 passes packets on between the network and the outside. */
export function forwardSettings({ bridge, subnets, internal }: NetworkRecord): Setting[] {
  if (internal) return [];
  const hasIpv6 = subnets.some(({ subnet }) => subnet.includes(':'));
  return [
    ['net/ipv4/ip_forward', '1'],
    // Lets connections to 127.0.0.1 through to a published port.
    [`net/ipv4/conf/${bridge}/route_localnet`, '1'],
    ...(hasIpv6 ? [['net/ipv6/conf/all/forwarding', '1'] as const] : []),
  ];
}
