// SPDX-License-Identifier: Apache-2.0
// Reads iproute2's output about a namespace that an engine configured, and rejects configurations that a guest cannot have.
import test from 'ava';
import {
  parseLinks,
  type IpLink,
  type IpRoute,
} from '../../../../../toolstack/network/drivers/namespace/namespace.js';

const LO: IpLink = {
  ifname: 'lo',
  flags: ['LOOPBACK', 'UP', 'LOWER_UP'],
  link_type: 'loopback',
  mtu: 65536,
  addr_info: [{ family: 'inet', local: '127.0.0.1', prefixlen: 8, scope: 'host' }],
};
const ETH: IpLink = {
  ifindex: 7,
  ifname: 'eth0',
  flags: ['BROADCAST', 'UP', 'LOWER_UP'],
  link_type: 'ether',
  mtu: 1400,
  address: '7e:f7:a1:d0:fa:07',
  addr_info: [
    {
      family: 'inet',
      local: '10.88.0.2',
      prefixlen: 16,
      scope: 'global',
      broadcast: '10.88.255.255',
    },
    { family: 'inet6', local: 'fd00::2', prefixlen: 64, scope: 'global' },
    { family: 'inet6', local: 'fe80::1', prefixlen: 64, scope: 'link' },
  ],
};
const ROUTES: Record<4 | 6, IpRoute[]> = {
  4: [
    { dst: '10.7.0.0/16', gateway: '10.88.0.9', dev: 'eth0', metric: 5, flags: ['onlink'] },
    { dst: '10.6.0.1', dev: 'eth0', protocol: 'static', prefsrc: '10.88.0.2' },
    { dst: 'default', gateway: '10.88.0.1', dev: 'eth0', protocol: 'static', metric: 100 },
    { dst: '10.88.0.0/16', dev: 'eth0', protocol: 'kernel' },
    { dst: 'default', gateway: '10.9.0.1', dev: 'eth1', protocol: 'static' },
  ],
  6: [
    { dst: 'default', gateway: 'fd00::1', dev: 'eth0', protocol: 'static', metric: 1024 },
    { dst: 'fe80::/64', dev: 'eth0', protocol: 'kernel', metric: 256 },
    { dst: 'fd07::/48', dev: 'eth0', protocol: 'static', metric: 1024 },
  ],
};
const NONE = { 4: [], 6: [] };

test('an interface has its MAC, MTU, addresses and routes; loopback and what is down do not count', (t) => {
  const down = { ...ETH, ifname: 'tunl0', flags: ['NOARP'] };
  const rest = { metric: 0, isOnlink: false };
  t.deepEqual(parseLinks([LO, down, ETH], ROUTES), [
    {
      index: 7,
      name: 'eth0',
      mac: '7e:f7:a1:d0:fa:07',
      mtu: 1400,
      addresses: [
        {
          family: 4,
          address: '10.88.0.2',
          prefix: 16,
          scope: 'global',
          broadcast: '10.88.255.255',
        },
        { family: 6, address: 'fd00::2', prefix: 64, scope: 'global' },
        { family: 6, address: 'fe80::1', prefix: 64, scope: 'link' },
      ],
      routes: [
        {
          family: 4,
          to: { address: '10.7.0.0', prefix: 16 },
          gateway: '10.88.0.9',
          metric: 5,
          isOnlink: true,
        },
        { ...rest, family: 4, to: { address: '10.6.0.1', prefix: 32 }, source: '10.88.0.2' },
        {
          ...rest,
          family: 4,
          to: { address: '0.0.0.0', prefix: 0 },
          gateway: '10.88.0.1',
          metric: 100,
        },
        {
          ...rest,
          family: 6,
          to: { address: '::', prefix: 0 },
          gateway: 'fd00::1',
          metric: 1024,
        },
        { ...rest, family: 6, to: { address: 'fd07::', prefix: 48 }, metric: 1024 },
      ],
    },
  ]);
});

test('of routes that IPv6 made one of each interface has its own', (t) => {
  const hop = (dev: string, gateway: string) => ({ dev, gateway, weight: 1, flags: [] });
  const nexthops = [hop('eth1', 'fd01::1'), hop('eth0', 'fd00::1')];
  const merged = { dst: 'default', protocol: 'static', metric: 100, flags: [], nexthops };
  const [link] = parseLinks([ETH], { 4: [], 6: [merged] });
  t.like(link?.routes, [{ gateway: 'fd00::1', metric: 100, to: { address: '::', prefix: 0 } }]);
  t.is(link?.routes.length, 1);
  const refused = { code: 'ERR_NETWORK_LINK', message: /its route to default/ };
  t.throws(() => parseLinks([ETH], { 4: [merged], 6: [] }), refused);
});

test('an address may have another end, or no route', (t) => {
  const info = { family: 'inet', local: '10.0.0.2', prefixlen: 32, scope: 'global' };
  const links = [
    {
      ...ETH,
      addr_info: [
        { ...info, address: '10.0.0.1' },
        { ...info, noprefixroute: true },
      ],
    },
  ];
  const address = { family: 4, address: '10.0.0.2', prefix: 32, scope: 'global' } as const;
  t.deepEqual(parseLinks(links, NONE)[0]?.addresses, [
    { ...address, peer: '10.0.0.1' },
    { ...address, isRouteless: true },
  ]);
});

test('without routes there are none, without addresses neither', (t) => {
  t.deepEqual(parseLinks([{ ...ETH, addr_info: [] }], NONE), [
    {
      index: 7,
      name: 'eth0',
      mac: '7e:f7:a1:d0:fa:07',
      mtu: 1400,
      addresses: [],
      routes: [],
    },
  ]);
  t.deepEqual(parseLinks([], NONE), []);
});

const REFUSED: [IpLink[], Record<4 | 6, IpRoute[]>, RegExp][] = [
  [[{ ...ETH, link_type: 'none' }], NONE, /interface eth0 into a guest: it is no Ethernet/],
  [
    [ETH],
    { ...NONE, 4: [{ type: 'blackhole', dst: '10.1.0.0/16', dev: 'eth0' }] },
    /eth0 .*: its route to 10\.1\.0\.0\/16/,
  ],
  [
    [ETH],
    { ...NONE, 4: [{ dst: 'default', via: { family: 'inet6', host: 'fe80::1' }, dev: 'eth0' }] },
    /its route to default/,
  ],
  [
    [ETH],
    { ...NONE, 6: [{ dst: 'nonsense', dev: 'eth0' }] },
    /its route to nonsense is more than an interface/,
  ],
];

for (const [links, routes, message] of REFUSED)
  test(`refused: ${message.source}`, (t) => {
    t.throws(() => parseLinks(links, routes), { code: 'ERR_NETWORK_LINK', message });
  });
