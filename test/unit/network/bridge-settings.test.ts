// SPDX-License-Identifier: Apache-2.0
// A bridge takes no configuration from guests. Only a network with the outside lets dom0 pass packets on.

import test from 'ava';
import { forwardSettings, wallSettings } from '../../../toolstack/network/bridge-settings.js';
import { networkRecord as network } from '../../support/network/network-record.js';

const six = { subnets: [{ subnet: 'fd00::/64', gateway: 'fd00::1' }] };

test('a bridge takes no router advertisement and no redirect', (t) => {
  for (const record of [network(), network(six)]) {
    const settings = new Map(wallSettings(record));
    t.is(settings.get('net/ipv6/conf/thaw0/accept_ra'), '0');
    t.is(settings.get('net/ipv6/conf/thaw0/autoconf'), '0');
    t.is(settings.get('net/ipv6/conf/thaw0/accept_redirects'), '0');
    t.is(settings.get('net/ipv4/conf/thaw0/accept_redirects'), '0');
  }
});

test('dom0 has IPv6 only on a network with an IPv6 subnet', (t) => {
  const off = 'net/ipv6/conf/thaw0/disable_ipv6';
  t.is(new Map(wallSettings(network())).get(off), '1');
  t.is(new Map(wallSettings(network(six))).get(off), '0');
});

test('dom0 passes no packets on for an internal network', (t) => {
  t.deepEqual(forwardSettings(network({ internal: true })), []);
  t.deepEqual(
    forwardSettings(network()).map(([name]) => name),
    ['net/ipv4/ip_forward', 'net/ipv4/conf/thaw0/route_localnet'],
  );
  t.true(new Map(forwardSettings(network(six))).has('net/ipv6/conf/all/forwarding'));
});
