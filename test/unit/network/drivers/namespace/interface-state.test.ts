// SPDX-License-Identifier: Apache-2.0
// A guest gets only the differences between two states of an interface, in an order that its kernel accepts.

import test from 'ava';
import {
  emptyMessages,
  linkMessages,
  unsureOf,
} from '../../../../../toolstack/network/drivers/namespace/interface-state.js';
import type { LinkRoute, NamespaceLink } from '../../../../../toolstack/network/interface.js';

const route = (address: string, prefix: number, gateway?: string): LinkRoute => ({
  family: 4,
  to: { address, prefix },
  metric: 0,
  isOnlink: false,
  ...(gateway === undefined ? {} : { gateway }),
});
const [DEFAULT, NET, NEAR] = [
  route('0.0.0.0', 0, '10.9.0.1'),
  route('10.7.0.0', 16, '10.9.0.1'),
  route('10.9.0.1', 32),
];
const LINK: NamespaceLink = {
  index: 5,
  name: 'eth0',
  mac: '02:00:00:00:00:01',
  mtu: 1500,
  addresses: [{ family: 4, address: '10.88.0.2', prefix: 16, scope: 'global' }],
  routes: [DEFAULT, NET, NEAR],
};

/** The effect of each message and, for routes, the prefix length. */
function kinds(messages: readonly Buffer[]): string[] {
  const names: Record<number, string> = {
    16: 'link',
    20: 'address',
    21: '-address',
    24: 'route',
    25: '-route',
  };
  return messages.map((bytes) => {
    const type = bytes.readUInt16LE(4);
    return `${names[type]}${type >= 24 ? `/${bytes[17]}` : ''}`;
  });
}

test('one that is new: down, named, up, its addresses, and routes by what they need', (t) => {
  const messages = linkMessages(9, undefined, LINK);
  const expected = ['link', 'link', 'link', 'address', 'route/32', 'route/16', 'route/0'];
  t.deepEqual(kinds(messages), expected);
  for (const bytes of messages) {
    t.is(bytes.readUInt32LE(0), bytes.length);
    t.is(bytes.length % 4, 0);
  }
  t.is(messages[0]?.readInt32LE(20), 9);
});

test('what is the same is not told', (t) => {
  t.deepEqual(linkMessages(9, LINK, structuredClone(LINK)), []);
  const other = { ...LINK, mtu: 1400, routes: [NET, NEAR, DEFAULT, route('10.6.0.0', 16)] };
  t.deepEqual(kinds(linkMessages(9, LINK, other)), ['link', 'route/16']);
  const less = { ...LINK, routes: [DEFAULT, NEAR] };
  t.deepEqual(kinds(linkMessages(9, LINK, less)), ['-route/16']);
});

test('routes that an address took along come back', (t) => {
  const other: NamespaceLink = {
    ...LINK,
    addresses: [{ family: 4, address: '10.88.0.3', prefix: 16, scope: 'global' }],
  };
  const expected = ['-address', 'address', 'route/32', 'route/16', 'route/0'];
  t.deepEqual(kinds(linkMessages(9, LINK, other)), expected);
});

test('another name or MAC wants it down, without the addresses of before', (t) => {
  for (const change of [{ name: 'net1' }, { mac: '02:00:00:00:00:02' }])
    t.deepEqual(kinds(linkMessages(9, LINK, { ...LINK, ...change })).slice(0, 4), [
      ...['-address', 'link', 'link', 'link'],
    ]);
  t.deepEqual(kinds(emptyMessages(9, LINK)), ['-address', 'link']);
});

test('a guest that did not take all is told all, and to forget what it may have', (t) => {
  const other: NamespaceLink = {
    ...LINK,
    addresses: [{ family: 4, address: '10.88.0.3', prefix: 16, scope: 'global' }],
  };
  const expected = ['-address', '-address', 'link', 'link', 'link', 'address'];
  t.deepEqual(kinds(linkMessages(9, unsureOf(LINK, other), other)).slice(0, 6), expected);
  t.is(kinds(linkMessages(9, unsureOf(undefined, LINK), LINK))[0], '-address');
});
