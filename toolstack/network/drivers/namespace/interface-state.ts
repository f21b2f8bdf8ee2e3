// SPDX-License-Identifier: Apache-2.0
// Computes the rtnetlink messages that make a guest's interface equal to one of a network namespace. Pure.

import { isDeepStrictEqual } from 'node:util';
import type { LinkAddress, LinkRoute, NamespaceLink } from '../../interface.js';
import { addAddress, addRoute, removeAddress, removeRoute, setLink } from '../../netlink/route.js';

/** `index` is the guest's number of the interface, `before` its present state: undefined for an interface that has nothing yet. */
export function linkMessages(
  index: number,
  before: NamespaceLink | undefined,
  after: NamespaceLink,
): Buffer[] {
  if (isDeepStrictEqual(before, after)) return [];
  // Name and MAC only change while the interface is down, and an interface that goes down loses its routes.
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
    // Removing an address also removes routes and other addresses of its subnet.
    ...(gone.length > 0 ? after.addresses : without(after.addresses, before.addresses)).map(
      (address) => addAddress(index, address),
    ),
    ...inOrder(gone.length > 0 ? after.routes : without(after.routes, before.routes)).map((route) =>
      addRoute(index, route),
    ),
  ];
}

/** Returns the state of a guest that may have taken only some messages. With this state, the next messages start from an empty interface. */
export function unsureOf(before: NamespaceLink | undefined, after: NamespaceLink): NamespaceLink {
  const old = before?.addresses ?? [];
  return { ...after, name: '', addresses: [...old, ...without(after.addresses, old)] };
}

/** Takes the interface down and removes its addresses. */
export function emptyMessages(index: number, link: NamespaceLink | undefined): Buffer[] {
  return [
    ...(link?.addresses ?? []).map((address) => removeAddress(index, address)),
    setLink(index, { isUp: false }),
  ];
}

/** Routes to gateways come before the routes by those gateways. */
function inOrder(routes: readonly LinkRoute[]): LinkRoute[] {
  const rank = ({ gateway, to }: LinkRoute): number =>
    gateway === undefined ? 0 : to.prefix === 0 ? 2 : 1;
  return [...routes].sort((one, other) => rank(one) - rank(other));
}

function without<T extends LinkAddress | LinkRoute>(all: readonly T[], some: readonly T[]): T[] {
  return all.filter((one) => !some.some((other) => isDeepStrictEqual(one, other)));
}
