// SPDX-License-Identifier: Apache-2.0
// No guest of any network is a router or a DHCP server. A host without networks has no such rules.

import test from 'ava';
import { renderFrameRules } from '../../../../toolstack/network/rules/frames.js';
import { networkRecord } from '../../../support/network/network-record.js';

test('router advertisements, redirects and answers of DHCP servers are dropped in each network', (t) => {
  const rules = renderFrameRules([networkRecord(), networkRecord({ bridge: 'thaw1' })]);
  const from = 'meta ibrname { "thaw0", "thaw1" }';
  t.true(rules.includes(`${from} icmpv6 type { nd-router-advert, nd-redirect } drop`));
  t.true(rules.includes(`${from} udp sport { 67, 547 } drop`));
});

test('without networks the table goes', (t) => {
  t.is(renderFrameRules([]), 'table bridge thaw\ndelete table bridge thaw\n');
});
