// SPDX-License-Identifier: Apache-2.0
// The rules forward ports to their containers in each family and masquerade networks. nft accepts the whole table.

import { spawnSync } from 'node:child_process';
import test from 'ava';
import type { Attachment } from '../../../../toolstack/network/attachment.js';
import { SYSTEM_PATH } from '../../../support/network/system-path.js';
import { renderRules } from '../../../../toolstack/network/rules/rules.js';
import { networkRecord as network } from '../../../support/network/network-record.js';

const attachment = (ports: Attachment['ports']): Attachment => ({
  id: 'a',
  driver: 'bridge',
  network: 'n',
  bridge: 'thaw0',
  ports,
  nameServers: [],
  names: ['web'],
  addresses: [
    { family: 4, address: '10.94.0.2', prefix: 16, gateway: '10.94.0.1' },
    { family: 6, address: 'fd00::2', prefix: 64, gateway: 'fd00::1' },
  ],
});
const port = { hostIp: '', hostPort: 8080, containerPort: 80, protocol: 'tcp' } as const;

test('a port leads to each address of the container', (t) => {
  const rules = renderRules([network()], [attachment([port])]);
  const v4 = 'meta nfproto ipv4 fib daddr type local tcp dport 8080 dnat ip to 10.94.0.2:80';
  const v6 = 'meta nfproto ipv6 fib daddr type local tcp dport 8080 dnat ip6 to [fd00::2]:80';
  // From outside, and from the host itself.
  t.is(rules.split(v4).length, 3);
  t.is(rules.split(v6).length, 3);
});

test('one address of the host is one family', (t) => {
  const rules = renderRules([], [attachment([{ ...port, hostIp: '127.0.0.1', protocol: 'udp' }])]);
  t.true(rules.includes('ip daddr 127.0.0.1 udp dport 8080 dnat ip to 10.94.0.2:80'));
  t.false(rules.includes('ip6'));
  const six = renderRules([], [attachment([{ ...port, hostIp: 'fd00:9::1' }])]);
  t.true(six.includes('ip6 daddr fd00:9::1 tcp dport 8080 dnat ip6 to [fd00::2]:80'));
});

test('a network is hidden behind the host, an internal one is not', (t) => {
  const open = renderRules([network()], []);
  t.true(
    open.includes('ip saddr 10.94.0.0/16 ip daddr != 10.94.0.0/16 oifname != "thaw0" masquerade'),
  );
  t.false(renderRules([network({ internal: true })], []).includes('daddr !='));
});

test('only the host itself speaks to its loopback', (t) => {
  const [, guard = ''] = /chain guard \{(.*?)\}/s.exec(renderRules([network()], [])) ?? [];
  t.regex(guard, /hook prerouting priority raw/);
  t.true(guard.includes('iifname != "lo" ip daddr 127.0.0.0/8 drop'));
});

test('nft understands them', (t) => {
  const all = renderRules(
    [
      network({ subnets: [{ subnet: 'fd00::/64', gateway: 'fd00::1' }] }),
      network({ internal: true, hostPorts: [{ port: 5432, protocol: 'udp' }] }),
    ],
    [attachment([port, { ...port, hostIp: '127.0.0.1', protocol: 'udp' }])],
    ['192.0.2.53', 'fd00:53::1', 'fe80::1%eth0'],
  );
  const { error, status, stderr } = spawnSync('unshare', ['--net', 'nft', '--check', '-f', '-'], {
    input: all,
    encoding: 'utf8',
    env: SYSTEM_PATH,
  });
  t.is(error, undefined);
  if (
    /unshare: (failed to execute nft|.*No such file)/.test(stderr) ||
    /Protocol not supported|cache initialization/.test(stderr)
  )
    return t.log(`No nft here; the lab has it: ${stderr}`);
  t.is(status, 0, stderr);
});
