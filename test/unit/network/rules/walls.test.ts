// SPDX-License-Identifier: Apache-2.0
// Guests reach of dom0 only name servers and opened ports, and of other networks nothing. Senders have addresses of their network.

import test from 'ava';
import { forwardRules, guardRules, inputRules } from '../../../../toolstack/network/rules/walls.js';
import { networkRecord as network } from '../../../support/network/network-record.js';

const SIX = { subnet: 'fd00::/64', gateway: 'fd00::1' };
const DNS = 'meta l4proto { tcp, udp } th dport 53 accept';

test('no guest speaks with an address of another network', (t) => {
  t.deepEqual(guardRules(network()), [
    'iifname "thaw0" ip saddr != 10.94.0.0/16 drop',
    'iifname "thaw0" meta nfproto ipv6 drop',
  ]);
  t.deepEqual(guardRules(network({ subnets: [SIX] })), [
    'iifname "thaw0" meta nfproto ipv4 drop',
    'iifname "thaw0" ip6 saddr != { ::, fe80::/10, fd00::/64 } drop',
  ]);
});

test('the last rule for packets to dom0 drops them', (t) => {
  const rules = inputRules(network({ subnets: [SIX] }), []);
  t.is(rules.at(-1), 'iifname "thaw0" drop');
  t.is(rules.filter((rule) => /^iifname "thaw0".*drop$/.test(rule)).length, 1);
  t.true(rules.includes(`iifname "thaw0" ip6 daddr fd00::1 ${DNS}`));
});

test('name servers are reached: the network’s own, and the host’s', (t) => {
  const own = inputRules(network({ hasDns: false }), ['192.0.2.53']);
  t.true(own.includes(`iifname "thaw0" ip daddr 192.0.2.53 ${DNS}`));
  t.false(own.some((rule) => rule.startsWith('iifname "thaw0" ip daddr 10.94.0.1')));
});

test('a word of resolv.conf that is no plain address is no rule', (t) => {
  const words = ['fe80::1%eth0', 'dns.example', '10.0.0.1; drop', ''];
  t.deepEqual(inputRules(network(), words), inputRules(network(), []));
});

test('no other host asks the network’s name server', (t) => {
  const rules = inputRules(network(), []);
  const drop = 'meta l4proto { tcp, udp } th dport 53 drop';
  t.true(rules.includes(`iifname != { "lo", "thaw0" } ip daddr 10.94.0.1 ${drop}`));
});

test('a network opens ports of the host', (t) => {
  const rules = inputRules(network({ hostPorts: [{ port: 5432, protocol: 'tcp' }] }), []);
  t.is(rules.at(-2), 'iifname "thaw0" tcp dport 5432 accept');
});

test('into a network come answers and connections to published ports; into an internal one, nothing', (t) => {
  t.deepEqual(forwardRules(network()), [
    'iifname "thaw0" oifname "thaw0" accept',
    'oifname "thaw0" ct state established,related accept',
    'oifname "thaw0" ct status dnat accept',
    'oifname "thaw0" drop',
  ]);
  t.deepEqual(forwardRules(network({ internal: true })).slice(1), [
    'iifname "thaw0" drop',
    'oifname "thaw0" drop',
  ]);
});
