// SPDX-License-Identifier: Apache-2.0
// Translates options into requests to CNI plugins, and their results into addresses and name servers.

import test from 'ava';
import {
  addressesOf,
  checkRequest,
  cniRequest,
  nameServersOf,
} from '../../../../../toolstack/network/drivers/cni/request.js';
import type { NamespaceLink } from '../../../../../toolstack/network/interface.js';

const port = { hostPort: 8080, containerPort: 80, protocol: 'tcp' } as const;

test('a request has only what the user asks for', (t) => {
  t.deepEqual(cniRequest({ ports: [] }), {});
  const ports = [
    { ...port, hostIp: '' },
    { ...port, hostIp: '127.0.0.1' },
  ];
  t.deepEqual(cniRequest({ ports, ip: '10.0.0.9', ip6: 'fd00::9', mac: '02:00:00:00:00:01' }), {
    ips: ['10.0.0.9', 'fd00::9'],
    portMappings: [port, { ...port, hostIP: '127.0.0.1' }],
    mac: '02:00:00:00:00:01',
  });
});

test('what no plugin does is refused by its option', (t) => {
  const list = {
    cniVersion: '1.0.0',
    name: 'lan',
    plugins: [{ type: 'bridge', capabilities: { ips: true, mac: 'yes' } }],
  };
  t.notThrows(() => checkRequest('n', list, { ips: ['10.0.0.9'] }));
  for (const [request, option] of [
    [{ portMappings: [] }, /--publish in network "n".*"portMappings"/],
    [{ mac: '02:00:00:00:00:01' }, /--mac-address in network "n".*"mac"/],
  ] as const)
    t.throws(() => checkRequest('n', list, request as object), {
      code: 'ERR_NETWORK_CNI',
      message: option,
    });
});

test('the first global address of each family counts, with its default route', (t) => {
  const rest = { metric: 0, isOnlink: false };
  const link: NamespaceLink = {
    index: 2,
    name: 'eth0',
    mac: '02:00:00:00:00:01',
    mtu: 1500,
    addresses: [
      { family: 6, address: 'fe80::1', prefix: 64, scope: 'link' },
      { family: 4, address: '10.0.0.2', prefix: 24, scope: 'global' },
      { family: 4, address: '10.0.1.2', prefix: 24, scope: 'global' },
      { family: 6, address: 'fd00::2', prefix: 64, scope: 'global' },
    ],
    routes: [
      { ...rest, family: 4, to: { address: '10.9.0.0', prefix: 16 }, gateway: '10.0.0.7' },
      { ...rest, family: 4, to: { address: '0.0.0.0', prefix: 0 }, gateway: '10.0.0.1' },
    ],
  };
  t.deepEqual(addressesOf(link), [
    { family: 4, address: '10.0.0.2', prefix: 24, gateway: '10.0.0.1' },
    { family: 6, address: 'fd00::2', prefix: 64, gateway: '' },
  ]);
});

test('name servers of a result, whatever that is', (t) => {
  t.deepEqual(nameServersOf({ dns: { nameservers: ['10.0.0.53', 7] } }), ['10.0.0.53']);
  for (const odd of [undefined, null, {}, { dns: [] }, { dns: { nameservers: 'x' } }])
    t.deepEqual(nameServersOf(odd), []);
});
