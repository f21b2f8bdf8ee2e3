// SPDX-License-Identifier: Apache-2.0
// A network namespace that somebody else filled: which interfaces are in it, and how a vif takes the place of the kernel behind one.

import { NetworkError } from './errors.js';
import { parseAddress, type Family } from './address.js';
import { runTool } from './tool.js';

export interface NamespaceLink {
  name: string;
  mac: string;
  mtu: number;
  /** One of each family at most. */
  addresses: { family: Family; address: string; prefix: number; gateway: string }[];
}

/** Those that are up, but for loopback. `path` is the namespace's, as /proc/PID/ns/net. Rejects with ERR_NETWORK_TOOL and ERR_NETWORK_LINK. */
export async function readLinks(path: string): Promise<NamespaceLink[]> {
  const ask = async (...words: string[]): Promise<unknown> =>
    JSON.parse((await runTool('nsenter', [`--net=${path}`, 'ip', '-j', ...words])) || '[]');
  const [links, routes4, routes6] = await Promise.all([
    ask('addr', 'show'),
    ask('-4', 'route', 'show'),
    ask('-6', 'route', 'show'),
  ]);
  return parseLinks(links as IpLink[], [...(routes4 as IpRoute[]), ...(routes6 as IpRoute[])]);
}

/** What `ip -j addr` prints, as far as it is used. */
export interface IpLink {
  ifname?: string;
  flags?: string[];
  link_type?: string;
  mtu?: number;
  address?: string;
  addr_info?: { family?: string; local?: string; prefixlen?: number; scope?: string }[];
}

/** What `ip -j route` prints, as far as it is used. */
export interface IpRoute {
  dst?: string;
  gateway?: string;
  dev?: string;
  protocol?: string;
}

/** Throws ERR_NETWORK_LINK for what a guest cannot have, named. Pure. */
export function parseLinks(links: readonly IpLink[], routes: readonly IpRoute[]): NamespaceLink[] {
  return links
    .filter(({ flags = [] }) => flags.includes('UP') && !flags.includes('LOOPBACK'))
    .map(({ ifname: name = '', link_type: kind, mtu = 0, address: mac = '', addr_info = [] }) => {
      if (kind !== 'ether') throw unfit(name, `it is no Ethernet interface but ${kind}`);
      const own = routes.filter(({ dev }) => dev === name);
      const other = own.find(({ dst, protocol }) => dst !== 'default' && protocol !== 'kernel');
      if (other) throw unfit(name, `it has a route to ${other.dst}: default routes are carried`);
      const addresses = addr_info
        .filter(({ scope }) => scope === 'global')
        .map(({ family: kindOf, local: address = '', prefixlen: prefix = 0 }) => {
          const family: Family = kindOf === 'inet6' ? 6 : 4;
          return { family, address, prefix, gateway: gatewayOf(own, family) };
        });
      for (const family of [4, 6])
        if (addresses.filter((one) => one.family === family).length > 1)
          throw unfit(name, `it has more than one IPv${family} address`);
      return { name, mac, mtu, addresses };
    });
}

function gatewayOf(routes: readonly IpRoute[], family: Family): string {
  const gateways = routes
    .filter(({ dst }) => dst === 'default')
    .map(({ gateway = '' }) => gateway)
    .filter((gateway) => parseAddress(gateway)?.family === family);
  return gateways[0] ?? '';
}

function unfit(name: string, why: string): NetworkError {
  return new NetworkError(
    'ERR_NETWORK_LINK',
    `Cannot carry interface ${name} into a guest: ${why}`,
  );
}

/**
 * What comes in on the link goes to the vif and the other way round, and the namespace's own kernel sees none of it. The vif, which is in dom0's
 * namespace, comes along; it goes with its domain. Rejects with ERR_NETWORK_TOOL.
 */
export async function redirectLink(path: string, link: NamespaceLink, vif: string): Promise<void> {
  const { name, mtu } = link;
  await runTool('ip', ['link', 'set', 'dev', vif, 'netns', path]);
  const inside = (words: string[], input = ''): Promise<string> =>
    runTool('nsenter', [`--net=${path}`, ...words], input);
  await inside(
    ['ip', '-batch', '-'],
    `link set dev ${vif} addrgenmode none mtu ${mtu}\nlink set dev ${vif} up\n`,
  );
  const one = (from: string, to: string): string =>
    `qdisc add dev ${from} clsact\n` +
    `filter add dev ${from} ingress matchall action mirred egress redirect dev ${to}\n`;
  const both = one(name, vif) + one(vif, name);
  await inside(['tc', '-batch', '-'], both).catch(async () => {
    // One that served another guest before has its filters still: where they lead to is gone, or it would be seen here.
    await inside(['tc', 'qdisc', 'del', 'dev', name, 'clsact']);
    await inside(['tc', '-batch', '-'], both);
  });
}
