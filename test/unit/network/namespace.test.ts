// SPDX-License-Identifier: Apache-2.0
// What iproute2 says of a namespace that an engine filled, and what of it a guest cannot have.
import test from 'ava';
import { parseLinks, type IpLink, type IpRoute } from '../../../toolstack/network/namespace.js';

const LO: IpLink = {
  ...{ ifname: 'lo', flags: ['LOOPBACK', 'UP', 'LOWER_UP'], link_type: 'loopback', mtu: 65536 },
  addr_info: [{ family: 'inet', local: '127.0.0.1', prefixlen: 8, scope: 'host' }],
};
const ETH: IpLink = {
  ...{ ifname: 'eth0', flags: ['BROADCAST', 'UP', 'LOWER_UP'], link_type: 'ether', mtu: 1400 },
  address: '7e:f7:a1:d0:fa:07',
  addr_info: [
    { family: 'inet', local: '10.88.0.2', prefixlen: 16, scope: 'global' },
    { family: 'inet6', local: 'fd00::2', prefixlen: 64, scope: 'global' },
    { family: 'inet6', local: 'fe80::1', prefixlen: 64, scope: 'link' },
  ],
};
const ROUTES: IpRoute[] = [
  { dst: 'default', gateway: '10.88.0.1', dev: 'eth0', protocol: 'static' },
  { dst: '10.88.0.0/16', dev: 'eth0', protocol: 'kernel' },
  { dst: 'default', gateway: 'fd00::1', dev: 'eth0', protocol: 'static' },
  { dst: 'default', gateway: '10.9.0.1', dev: 'eth1', protocol: 'static' },
];

test('an interface has its MAC, MTU, addresses and gateways; loopback and what is down do not count', (t) => {
  const down = { ...ETH, ifname: 'tunl0', flags: ['NOARP'] };
  t.deepEqual(parseLinks([LO, down, ETH], ROUTES), [
    {
      ...{ name: 'eth0', mac: '7e:f7:a1:d0:fa:07', mtu: 1400 },
      addresses: [
        { family: 4, address: '10.88.0.2', prefix: 16, gateway: '10.88.0.1' },
        { family: 6, address: 'fd00::2', prefix: 64, gateway: 'fd00::1' },
      ],
    },
  ]);
});

test('without routes there is no gateway, without addresses none', (t) => {
  t.like(parseLinks([ETH], []), [{ addresses: [{ gateway: '' }, { gateway: '' }] }]);
  t.deepEqual(parseLinks([{ ...ETH, addr_info: [] }], [])[0]?.addresses, []);
  t.deepEqual(parseLinks([], []), []);
});

const REFUSED: [IpLink[], IpRoute[], RegExp][] = [
  [[{ ...ETH, link_type: 'none' }], [], /interface eth0 into a guest: it is no Ethernet/],
  [[ETH], [{ dst: '10.1.0.0/16', gateway: '10.88.0.9', dev: 'eth0' }], /a route to 10\.1\.0\.0/],
  [
    [{ ...ETH, addr_info: [...(ETH.addr_info ?? []), ...(ETH.addr_info ?? [])] }],
    [],
    /more than one IPv4 address/,
  ],
];

for (const [links, routes, message] of REFUSED)
  test(`refused: ${message.source}`, (t) => {
    t.throws(() => parseLinks(links, routes), { code: 'ERR_NETWORK_LINK', message });
  });
