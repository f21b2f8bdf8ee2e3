// SPDX-License-Identifier: Apache-2.0
// What has to be said to a guest's kernel so that an interface of its is as one of a network namespace is now. Pure.

import { isDeepStrictEqual } from 'node:util';
import type { LinkAddress, LinkRoute, NamespaceLink } from './namespace.js';
import { addAddress, addRoute, removeAddress, removeRoute, setLink } from './netlink.js';

/** `index` is the guest's number of it; `before` what it has, undefined for one that has nothing yet. */
export function linkMessages(
  index: number,
  before: NamespaceLink | undefined,
  after: NamespaceLink,
): Buffer[] {
  if (isDeepStrictEqual(before, after)) return [];
  // Its name and its MAC are not changed while it is up; what goes down loses its routes.
  const isAnew = before?.name !== after.name || before.mac !== after.mac;
  if (isAnew)
    return [
      ...emptyMessages(index, before),
      setLink(index, { name: after.name, mac: after.mac, mtu: after.mtu }),
      setLink(index, { isUp: true }),
      ...after.addresses.map((address) => addAddress(index, address)),
      ...inOrder(after.routes).map((route) => addRoute(index, route)),
    ];
  const gone = without(before.addresses, after.addresses);
  return [
    ...(before.mtu === after.mtu ? [] : [setLink(index, { mtu: after.mtu })]),
    ...without(before.routes, after.routes).map((route) => removeRoute(index, route)),
    ...gone.map((address) => removeAddress(index, address)),
    // An address takes others of its subnet and routes along when it goes.
    ...(gone.length > 0 ? after.addresses : without(after.addresses, before.addresses)).map(
      (address) => addAddress(index, address),
    ),
    ...inOrder(gone.length > 0 ? after.routes : without(after.routes, before.routes)).map((route) =>
      addRoute(index, route),
    ),
  ];
}

/** What a guest may have that did not take all of `messages`: whatever it is told next begins with nothing. */
export function unsureOf(before: NamespaceLink | undefined, after: NamespaceLink): NamespaceLink {
  const old = before?.addresses ?? [];
  return { ...after, name: '', addresses: [...old, ...without(after.addresses, old)] };
}

/** The interface is down and has nothing. */
export function emptyMessages(index: number, link: NamespaceLink | undefined): Buffer[] {
  return [
    ...(link?.addresses ?? []).map((address) => removeAddress(index, address)),
    setLink(index, { isUp: false }),
  ];
}

/** A gateway is reached by another route. */
function inOrder(routes: readonly LinkRoute[]): LinkRoute[] {
  const rank = ({ gateway, to }: LinkRoute): number =>
    gateway === undefined ? 0 : to.prefix === 0 ? 2 : 1;
  return [...routes].sort((one, other) => rank(one) - rank(other));
}

function without<T extends LinkAddress | LinkRoute>(all: readonly T[], some: readonly T[]): T[] {
  return all.filter((one) => !some.some((other) => isDeepStrictEqual(one, other)));
}
