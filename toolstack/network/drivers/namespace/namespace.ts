// SPDX-License-Identifier: Apache-2.0
// Reads the interfaces of network namespaces that a container engine or CNI plugins fill, and redirects an interface's traffic to a vif.

import { randomInt } from 'node:crypto';
import { defined } from '../../../base/defined.js';
import { routeWatch } from '../../../../bindings/index.js';
import { bitsOf, parseAddress, type Family } from '../../addresses/ip-address.js';
import { NetworkError } from '../../errors.js';
import type { LinkAddress, LinkRoute, NamespaceLink } from '../../interface.js';
import { inNamespace, runTool } from '../../tool.js';
import { filterLines } from './source-filters.js';

export interface NamespaceContent {
  /** The interfaces that the container engine or the plugins made. */
  links: NamespaceLink[];
  /** The names of thaw's own interfaces in the namespace. */
  own: string[];
}

/**
 * Reads the interfaces that are up, without loopback. `isOwn` returns true for thaw's own. `path` is the namespace's path, such as /proc/PID/ns/net.
 * Rejects with ERR_NETWORK_TOOL and ERR_NETWORK_LINK.
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

/** The fields of `ip -j addr` that thaw reads. */
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

/** The fields of `ip -j route` that thaw reads. */
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
  /** Several devices and gateways; replaces `dev` and `gateway`. */
  nexthops?: { gateway?: string; dev?: string; flags?: string[] }[];
}

/** Throws ERR_NETWORK_LINK, naming the interface or route that a guest cannot have. Pure. */
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
            family,
            address,
            prefix,
            scope,
            ...defined({ broadcast, peer }),
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

/** Splits an IPv6 route with several next hops: the kernel joins routes of several interfaces to one target, and the guest's joins them again. */
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
    family,
    metric,
    isOnlink: flags.includes('onlink'),
    to: { address, prefix: Number(bits) },
    ...defined({ gateway, source }),
  };
}

function unfit(name: string, why: string): NetworkError {
  return new NetworkError(
    'ERR_NETWORK_LINK',
    `Cannot carry interface ${name} into a guest: ${why}`,
  );
}

/** The vif of a guest that copies a link. */
export interface LinkedVif {
  vif: string;
  /** The vif is in the namespace already. */
  isThere: boolean;
  /** The guest may send from any MAC and address. */
  maySpoof: boolean;
}

/**
 * Redirects packets between the link and the vif, in both directions, past the namespace's own stack. From the vif come only packets with the link's
 * MAC and addresses, unless it may spoof. Moves the vif from dom0's namespace unless it `isThere`. The vif ends with its domain. Rejects with
 * ERR_NETWORK_TOOL.
 */
export async function redirectLink(
  path: string,
  link: NamespaceLink,
  { vif, isThere, maySpoof }: LinkedVif,
): Promise<void> {
  const { name, mtu } = link;
  if (!isThere) await runTool('ip', ['link', 'set', 'dev', vif, 'netns', path]);
  await inNamespace(
    path,
    ['ip', '-batch', '-'],
    `link set dev ${vif} addrgenmode none mtu ${mtu}\nlink set dev ${vif} up\n`,
  );
  const all = (from: string, to: string): string =>
    `filter add dev ${from} ingress matchall action mirred egress redirect dev ${to}`;
  const both = lines([
    `qdisc add dev ${name} clsact`,
    `qdisc add dev ${vif} clsact`,
    ...(maySpoof ? [all(vif, name)] : filterLines(vif, link, FIRST_CHAIN)),
    all(name, vif),
  ]);
  await inNamespace(path, ['tc', '-batch', '-'], both).catch(async () => {
    // The link may have filters for an earlier guest's vif, and the vif may have filters for a removed link.
    for (const dev of [name, vif])
      await inNamespace(path, ['tc', 'qdisc', 'del', 'dev', dev, 'clsact']).catch(() => undefined);
    await inNamespace(path, ['tc', '-batch', '-'], both);
  });
}

/** Later chains have random numbers, since the next thawd does not know them. */
const FIRST_CHAIN = 1;
const CHAIN_MAX = 2 ** 28;

/** From now on packets come from the vif only with the link's present MAC and addresses. Rejects with ERR_NETWORK_TOOL. */
export async function bindSender(path: string, vif: string, link: NamespaceLink): Promise<void> {
  const chain = randomInt(FIRST_CHAIN + 1, CHAIN_MAX);
  const tc = (words: string[], input = ''): Promise<string> =>
    inNamespace(path, ['tc', ...words], input);
  const chains = JSON.parse((await tc(['-j', 'chain', 'show', 'dev', vif, 'ingress'])) || '[]') as {
    chain?: number;
  }[];
  await tc(['-batch', '-'], lines(filterLines(vif, link, chain)));
  const old = chains.map(({ chain: number = 0 }) => number).filter((number) => number !== 0);
  const removed = old.map((number) => `filter del dev ${vif} ingress chain ${number}`);
  await tc(['-batch', '-'], lines(removed));
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join('');
}

/** Passes a DHCP server's answers to the namespace's DHCP daemon, and not to the vif. Rejects with ERR_NETWORK_TOOL. */
export async function keepDhcp(path: string, { name }: NamespaceLink): Promise<void> {
  const isAnswer = 'protocol ip flower ip_proto udp dst_port 68';
  const filter = `filter add dev ${name} ingress pref 1 ${isAnswer} action pass\n`;
  await inNamespace(path, ['tc', '-batch', '-'], filter);
}

/** Gives the vif the link's MTU. Rejects with ERR_NETWORK_TOOL. */
export async function setMtu(path: string, vif: string, mtu: number): Promise<void> {
  await inNamespace(path, ['ip', 'link', 'set', 'dev', vif, 'mtu', String(mtu)]);
}

/** Calls `onChange` when the result of readLinks() may have changed. The watch keeps the namespace until close(). Rejects with ERR_XEN_ENOENT. */
export function watchNamespace(path: string, onChange: () => void): Promise<{ close: () => void }> {
  return routeWatch(path, 'vif', onChange);
}
