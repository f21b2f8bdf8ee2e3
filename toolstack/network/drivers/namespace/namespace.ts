// SPDX-License-Identifier: Apache-2.0
// A network namespace that somebody else filled: which interfaces are in it, and how a vif takes the place of the kernel behind one.

import { routeWatch } from '../../../../bindings/index.js';
import { NetworkError } from '../../errors.js';
import { bitsOf, parseAddress, type Family } from '../../addresses/address.js';
import { inNamespace, runTool } from '../../tool.js';

export interface NamespaceLink {
  /** The kernel's number of it there: another one of the same name has another. */
  index: number;
  name: string;
  mac: string;
  mtu: number;
  addresses: LinkAddress[];
  /** But for those that come with an address. */
  routes: LinkRoute[];
}

export interface LinkAddress {
  family: Family;
  address: string;
  prefix: number;
  scope: 'global' | 'link';
  broadcast?: string;
  /** Of a link with one other end. */
  peer?: string;
  /** No route to its subnet comes with it. */
  isRouteless?: true;
}

export interface LinkRoute {
  family: Family;
  /** A prefix of 0 is the default route. */
  to: { address: string; prefix: number };
  gateway?: string;
  /** The address that what goes there comes from. */
  source?: string;
  metric: number;
  /** The gateway is reached though no route says so. */
  isOnlink: boolean;
}

/** What is in a namespace: an engine's interfaces, and the names of those that it has not made. */
export interface NamespaceContent {
  links: NamespaceLink[];
  own: string[];
}

/**
 * Those that are up, but for loopback and for `isOwn`, which are no engine's. `path` is the namespace's, as /proc/PID/ns/net. Rejects with
 * ERR_NETWORK_TOOL and ERR_NETWORK_LINK.
 */
export async function readLinks(
  path: string,
  isOwn: (name: string) => boolean,
): Promise<NamespaceContent> {
  const ask = async (...words: string[]): Promise<unknown> =>
    JSON.parse((await inNamespace(path, ['ip', '-j', ...words])) || '[]');
  const [links, routes4, routes6] = await Promise.all([
    ask('addr', 'show'),
    ask('-4', 'route', 'show'),
    ask('-6', 'route', 'show'),
  ]);
  const all = links as IpLink[];
  const routes = { 4: routes4 as IpRoute[], 6: routes6 as IpRoute[] };
  return {
    links: parseLinks(
      all.filter(({ ifname = '' }) => !isOwn(ifname)),
      routes,
    ),
    own: all.map(({ ifname = '' }) => ifname).filter(isOwn),
  };
}

/** What `ip -j addr` prints, as far as it is used. */
export interface IpLink {
  ifindex?: number;
  ifname?: string;
  flags?: string[];
  link_type?: string;
  mtu?: number;
  address?: string;
  addr_info?: {
    family?: string;
    local?: string;
    prefixlen?: number;
    scope?: string;
    broadcast?: string;
    address?: string;
    noprefixroute?: boolean;
  }[];
}

/** What `ip -j route` prints, as far as it is used. */
export interface IpRoute {
  type?: string;
  dst?: string;
  gateway?: string;
  dev?: string;
  protocol?: string;
  prefsrc?: string;
  metric?: number;
  flags?: string[];
  via?: unknown;
  /** In place of the device and the gateway, where there are several. */
  nexthops?: { gateway?: string; dev?: string; flags?: string[] }[];
}

/** Throws ERR_NETWORK_LINK for what a guest cannot have, named. Pure. */
export function parseLinks(
  links: readonly IpLink[],
  routes: Readonly<Record<Family, readonly IpRoute[]>>,
): NamespaceLink[] {
  return links
    .filter(({ flags = [] }) => flags.includes('UP') && !flags.includes('LOOPBACK'))
    .map((link) => {
      const { ifindex: index = 0, ifname: name = '', link_type: kind, addr_info = [] } = link;
      const { mtu = 0, address: mac = '' } = link;
      if (kind !== 'ether') throw unfit(name, `it is no Ethernet interface but ${kind}`);
      if (link.flags?.includes('NOARP') === true)
        throw unfit(name, 'nobody answers ARP on it, as with ipvlan in L3 mode');
      const addresses = addr_info.flatMap((info): LinkAddress[] => {
        const { family: kindOf, local: address = '', prefixlen: prefix = 0 } = info;
        const { scope, broadcast, address: peer, noprefixroute } = info;
        if (scope !== 'global' && scope !== 'link') return [];
        const family: Family = kindOf === 'inet6' ? 6 : 4;
        return [
          {
            ...{ family, address, prefix, scope },
            ...(broadcast === undefined ? {} : { broadcast }),
            ...(peer === undefined ? {} : { peer }),
            ...(noprefixroute === true ? { isRouteless: true } : {}),
          },
        ];
      });
      const own = ([4, 6] as const).flatMap((family) =>
        routes[family]
          .flatMap((route) => (family === 6 ? oneByOne(route) : [route]))
          .filter((route) => isOf(route, name) && route.protocol !== 'kernel')
          .map((route) => routeOf(name, family, route)),
      );
      return { index, name, mac, mtu, addresses, routes: own };
    });
}

function isOf({ dev, nexthops = [] }: IpRoute, name: string): boolean {
  return dev === name || nexthops.some((hop) => hop.dev === name);
}

/** IPv6 makes one of routes to the same place that several interfaces have, and would again of those of a guest. */
function oneByOne({ nexthops, ...route }: IpRoute): IpRoute[] {
  return nexthops?.map((hop) => ({ ...route, ...hop })) ?? [route];
}

function routeOf(name: string, family: Family, route: IpRoute): LinkRoute {
  const { type = 'unicast', dst = '', gateway, prefsrc: source, metric = 0, flags = [] } = route;
  const all = family === 4 ? '0.0.0.0/0' : '::/0';
  const [address = '', bits = bitsOf(family)] = (dst === 'default' ? all : dst).split('/');
  const isOdd = type !== 'unicast' || route.via !== undefined || route.nexthops !== undefined;
  if (isOdd || parseAddress(address)?.family !== family)
    throw unfit(name, `its route to ${dst} is more than an interface, and perhaps a gateway`);
  return {
    ...{ family, metric, isOnlink: flags.includes('onlink') },
    to: { address, prefix: Number(bits) },
    ...(gateway === undefined ? {} : { gateway }),
    ...(source === undefined ? {} : { source }),
  };
}

function unfit(name: string, why: string): NetworkError {
  return new NetworkError(
    'ERR_NETWORK_LINK',
    `Cannot carry interface ${name} into a guest: ${why}`,
  );
}

/**
 * What comes in on the link goes to the vif and the other way round, and the namespace's own kernel sees none of it. The vif comes along from
 * dom0's namespace unless it `isThere`; it goes with its domain. Rejects with ERR_NETWORK_TOOL.
 */
export async function redirectLink(
  path: string,
  { name, mtu }: NamespaceLink,
  { vif, isThere }: { vif: string; isThere: boolean },
): Promise<void> {
  if (!isThere) await runTool('ip', ['link', 'set', 'dev', vif, 'netns', path]);
  await inNamespace(
    path,
    ['ip', '-batch', '-'],
    `link set dev ${vif} addrgenmode none mtu ${mtu}\nlink set dev ${vif} up\n`,
  );
  const one = (from: string, to: string): string =>
    `qdisc add dev ${from} clsact\n` +
    `filter add dev ${from} ingress matchall action mirred egress redirect dev ${to}\n`;
  const both = one(name, vif) + one(vif, name);
  await inNamespace(path, ['tc', '-batch', '-'], both).catch(async () => {
    // One that served another guest before, or a vif whose interface went, has its filters still: where they lead to is gone.
    for (const dev of [name, vif])
      await inNamespace(path, ['tc', 'qdisc', 'del', 'dev', dev, 'clsact']).catch(() => undefined);
    await inNamespace(path, ['tc', '-batch', '-'], both);
  });
}

/** What a DHCP server answers stays in the namespace, for who asks there, in place of going to the vif. Rejects with ERR_NETWORK_TOOL. */
export async function keepDhcp(path: string, { name }: NamespaceLink): Promise<void> {
  const isAnswer = 'protocol ip flower ip_proto udp dst_port 68';
  const filter = `filter add dev ${name} ingress pref 1 ${isAnswer} action pass\n`;
  await inNamespace(path, ['tc', '-batch', '-'], filter);
}

/** So that what fits into the one fits into the other. Rejects with ERR_NETWORK_TOOL. */
export async function setMtu(path: string, vif: string, mtu: number): Promise<void> {
  await inNamespace(path, ['ip', 'link', 'set', 'dev', vif, 'mtu', String(mtu)]);
}

/** Calls `onChange` when what readLinks() says may be another, until it is closed; then only does the namespace end. Rejects with ERR_XEN_ENOENT. */
export function watchNamespace(path: string, onChange: () => void): Promise<{ close: () => void }> {
  return routeWatch(path, 'vif', onChange);
}
