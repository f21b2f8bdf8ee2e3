// SPDX-License-Identifier: Apache-2.0
// No guest of any network is a router or a DHCP server, or sends from addresses that are not its own. A host without networks has no such rules.

import test from 'ava';
import { renderFrameRules } from '../../../../toolstack/network/rules/frames.js';
import { networkRecord } from '../../../support/network/network-record.js';

const networks = [networkRecord(), networkRecord({ bridge: 'thaw1' })];
const sources = [
  { vif: 'vif3.0', mac: '00:16:3e:00:00:03', addresses: ['10.94.0.2'], isFree: false },
  { vif: 'vif4.0', mac: '00:16:3e:00:00:04', addresses: ['10.94.0.3'], isFree: true },
  { vif: 'vif5.0', addresses: [], isFree: false },
];

test('router advertisements, redirects and answers of DHCP servers are dropped for each guest', (t) => {
  const rules = renderFrameRules(networks, sources, { namesBridges: true });
  const order = [
    'meta ibrname != { "thaw0", "thaw1" } accept',
    'iifname != @guests accept',
    'ether type { 8021q, 8021ad } drop',
    'icmpv6 type { nd-router-advert, nd-redirect } drop',
    'udp sport { 67, 547 } drop',
    'iifname @free accept',
  ].map((rule) => rules.indexOf(rule));
  t.false(order.includes(-1));
  t.deepEqual(
    order,
    [...order].sort((a, b) => a - b),
  );
});

test('a guest has elements for its addresses, one of the pool has none, and a free one needs none', (t) => {
  const rules = renderFrameRules(networks, sources, { namesBridges: true });
  const set = (name: string): string => new RegExp(`set ${name} {(.*) }`).exec(rules)?.[1] ?? '';
  t.regex(set('guests'), /elements = { "vif3.0", "vif4.0", "vif5.0" }/);
  t.regex(set('free'), /elements = { "vif4.0" }/);
  t.regex(set('macs'), /elements = { "vif3.0" . 00:16:3e:00:00:03 }/);
  t.regex(set('ipv4'), /elements = { "vif3.0" . 00:16:3e:00:00:03 . 10.94.0.2 }/);
  t.regex(set('ipv6'), /elements = { "vif3.0" . 00:16:3e:00:00:03 . fe80::216:3eff:fe00:3 }/);
});

test('a kernel that cannot tell a frame’s bridge knows guests by their interfaces', (t) => {
  const rules = renderFrameRules(networks, sources, { namesBridges: false });
  t.false(rules.includes('ibrname'));
  t.true(rules.includes('iifname != @guests accept'));
});

test('without networks the table goes', (t) => {
  t.is(
    renderFrameRules([], [], { namesBridges: true }),
    'table bridge thaw\ndelete table bridge thaw\n',
  );
});
