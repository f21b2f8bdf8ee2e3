// SPDX-License-Identifier: Apache-2.0
// Detects Docker's name server, and mistakes nothing else for it.

import test from 'ava';
import type { NamespaceLink } from '../../../../../toolstack/network/interface.js';
import {
  askingAddress,
  hasResolver,
} from '../../../../../toolstack/network/drivers/namespace/resolver.js';

const HEAD = '   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n';
const line = (address: string): string =>
  `  499: ${address}:963C 00000000:0000 07 00000000:00000000 00:00000000 00000000     0\n`;

test('one that listens at 127.0.0.11 is there', (t) => {
  t.true(hasResolver(HEAD + line('0100007F') + line('0B00007F')));
  t.false(hasResolver(HEAD));
  t.false(hasResolver(HEAD + line('0100007F')));
  t.false(hasResolver('  1: 0100007F:0035 0B00007F:0035 01\n'));
});

test('questions come from an address that others reach', (t) => {
  const link: NamespaceLink = {
    index: 1,
    name: 'eth0',
    mac: '02:00:00:00:00:01',
    mtu: 1500,
    routes: [],
    addresses: [
      { family: 6, address: 'fd00::2', prefix: 64, scope: 'global' },
      { family: 4, address: '169.254.1.1', prefix: 16, scope: 'link' },
      { family: 4, address: '172.18.0.2', prefix: 16, scope: 'global' },
    ],
  };
  t.is(askingAddress(link)?.address, '172.18.0.2');
  t.is(askingAddress({ ...link, addresses: [] }), undefined);
});
