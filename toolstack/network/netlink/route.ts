// SPDX-License-Identifier: Apache-2.0
// Encodes messages of rtnetlink(7) (linux/rtnetlink.h, if_link.h, if_addr.h). Pure.

import { addressBytes, type Family } from '../addresses/ip-address.js';
import type { LinkAddress, LinkRoute } from '../interface.js';
import { attribute, CREATES, macBytes, message, REPLACES, u32 } from './message.js';

const NEWLINK = 16;
const NEWNEIGH = 28;
const [NEWADDR, DELADDR] = [20, 21];
const [NEWROUTE, DELROUTE] = [24, 25];
const AF_INET = 2;
const AF_INET6 = 10;
const IFF_UP = 1;
const IFLA = { ADDRESS: 1, IFNAME: 3, MTU: 4, AF_SPEC: 26 };
const INET_CONF = 1;
const DEVCONF_ROUTE_LOCALNET = 26;
const INET6_ADDR_GEN_MODE = 8;
const ADDR_GEN_NONE = 1;
const IFA = { ADDRESS: 1, LOCAL: 2, BROADCAST: 4, FLAGS: 8 };
/** Disables duplicate address detection. */
const IFA_F_NODAD = 2;
const IFA_F_NOPREFIXROUTE = 0x200;
const RTA = { DST: 1, OIF: 4, GATEWAY: 5, PRIORITY: 6, PREFSRC: 7 };
const NDA = { DST: 1, LLADDR: 2 };
const NUD_PERMANENT = 0x80;
const TABLE_MAIN = 254;
const TABLE_LOCAL = 255;
const PROTOCOL_STATIC = 4;
const SCOPE = { UNIVERSE: 0, LINK: 253 };
const TYPE_UNICAST = 1;
const NEXTHOP_ONLINK = 4;

/** With a smaller MTU a kernel has no IPv6 on an interface. */
const MTU_OF_IPV6 = 1280;

/** Changes of an interface. `index` is the kernel's number of the interface, in all functions here. */
export interface LinkChange {
  isUp?: boolean;
  /** Name and MAC only change while the interface is down. */
  name?: string;
  mac?: string;
  mtu?: number;
}

export function setLink(index: number, { isUp, name, mac, mtu }: LinkChange): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt32LE(index, 4);
  if (isUp !== undefined) {
    head.writeUInt32LE(isUp ? IFF_UP : 0, 8);
    head.writeUInt32LE(IFF_UP, 12);
  }
  // The link-local address comes from dom0, like all other addresses.
  const inet6 = attribute(AF_INET6, attribute(INET6_ADDR_GEN_MODE, Buffer.from([ADDR_GEN_NONE])));
  return message(NEWLINK, 0, head, [
    ...(mac === undefined ? [] : [attribute(IFLA.ADDRESS, macBytes(mac))]),
    ...(name === undefined ? [] : [attribute(IFLA.IFNAME, Buffer.from(`${name}\0`))]),
    ...(mtu === undefined ? [] : [attribute(IFLA.MTU, u32(mtu))]),
    ...(name === undefined || (mtu ?? 0) < MTU_OF_IPV6 ? [] : [attribute(IFLA.AF_SPEC, inet6)]),
  ]);
}

export function addAddress(index: number, address: LinkAddress): Buffer {
  return message(NEWADDR, REPLACES, addressHead(index, address), addressAttributes(address));
}

export function removeAddress(index: number, address: LinkAddress): Buffer {
  return message(DELADDR, 0, addressHead(index, address), addressAttributes(address));
}

function addressHead(index: number, { family, prefix, scope }: LinkAddress): Buffer {
  const head = Buffer.from([familyCode(family), prefix, 0, scopeCode(scope), 0, 0, 0, 0]);
  head.writeUInt32LE(index, 4);
  return head;
}

function addressAttributes(of: LinkAddress): Buffer[] {
  const { family, address, broadcast, peer = address, isRouteless } = of;
  const flags = (family === 6 ? IFA_F_NODAD : 0) | (isRouteless ? IFA_F_NOPREFIXROUTE : 0);
  return [
    attribute(IFA.LOCAL, addressBytes(address)),
    attribute(IFA.ADDRESS, addressBytes(peer)),
    ...(broadcast === undefined ? [] : [attribute(IFA.BROADCAST, addressBytes(broadcast))]),
    ...(flags === 0 ? [] : [attribute(IFA.FLAGS, u32(flags))]),
  ];
}

export function addRoute(index: number, route: LinkRoute): Buffer {
  return message(NEWROUTE, CREATES, routeHead(route), routeAttributes(index, route));
}

export function removeRoute(index: number, route: LinkRoute): Buffer {
  return message(DELROUTE, 0, routeHead(route), routeAttributes(index, route));
}

function routeHead({ family, to, gateway, isOnlink }: LinkRoute): Buffer {
  const head = Buffer.alloc(12);
  const scope = gateway === undefined && family === 4 ? SCOPE.LINK : SCOPE.UNIVERSE;
  head.set([familyCode(family), to.prefix, 0, 0, TABLE_MAIN, PROTOCOL_STATIC, scope, TYPE_UNICAST]);
  head.writeUInt32LE(isOnlink ? NEXTHOP_ONLINK : 0, 8);
  return head;
}

function routeAttributes(index: number, { to, gateway, source, metric }: LinkRoute): Buffer[] {
  return [
    ...(to.prefix === 0 ? [] : [attribute(RTA.DST, addressBytes(to.address))]),
    attribute(RTA.OIF, u32(index)),
    ...(gateway === undefined ? [] : [attribute(RTA.GATEWAY, addressBytes(gateway))]),
    ...(source === undefined ? [] : [attribute(RTA.PREFSRC, addressBytes(source))]),
    ...(metric === 0 ? [] : [attribute(RTA.PRIORITY, u32(metric))]),
  ];
}

/** Lets packets with loopback addresses pass the interface. */
export function letLoopbackOut(index: number): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt32LE(index, 4);
  const conf = attribute(INET_CONF, attribute(DEVCONF_ROUTE_LOCALNET, u32(1)));
  return message(NEWLINK, 0, head, [attribute(IFLA.AF_SPEC, attribute(AF_INET, conf))]);
}

/** Gives an IPv4 address a MAC, without ARP. */
export function addNeighbour(index: number, address: string, mac: string): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt8(AF_INET, 0);
  head.writeUInt32LE(index, 4);
  head.writeUInt16LE(NUD_PERMANENT, 8);
  return message(NEWNEIGH, REPLACES, head, [
    attribute(NDA.DST, addressBytes(address)),
    attribute(NDA.LLADDR, macBytes(mac)),
  ]);
}

/** Routes an IPv4 address of the kernel's own, such as one of 127.0.0.0/8, to the interface; packets to it come from `source`. */
export function addLocalRoute(index: number, address: string, source: string): Buffer {
  const head = Buffer.alloc(12);
  head.set([AF_INET, 32, 0, 0, TABLE_LOCAL, PROTOCOL_STATIC, SCOPE.LINK, TYPE_UNICAST]);
  return message(NEWROUTE, REPLACES, head, [
    attribute(RTA.DST, addressBytes(address)),
    attribute(RTA.OIF, u32(index)),
    attribute(RTA.PREFSRC, addressBytes(source)),
  ]);
}

function familyCode(family: Family): number {
  return family === 4 ? AF_INET : AF_INET6;
}

function scopeCode(scope: LinkAddress['scope']): number {
  return scope === 'link' ? SCOPE.LINK : SCOPE.UNIVERSE;
}
