// SPDX-License-Identifier: Apache-2.0
// Each address of an interface has its filters, and the last one drops the rest. test/xen/hostile/engine-spoof.test.ts shows that the kernel takes them.

import test from 'ava';
import {
  filterLines,
  senderKey,
} from '../../../../../toolstack/network/drivers/namespace/source-filters.js';
import type { LinkAddress } from '../../../../../toolstack/network/interface.js';

const address = (text: string): LinkAddress => ({
  family: text.includes(':') ? 6 : 4,
  address: text,
  prefix: 24,
  scope: 'global',
});
const link = {
  name: 'eth0',
  mac: '02:42:ac:11:00:02',
  addresses: ['172.17.0.2', '172.17.0.9', 'fd00::2'].map(address),
};

test('all addresses are in the filters, and the last of these drops', (t) => {
  const lines = filterLines('vif3.0', link, 7);
  const passing = (start: string): string[] =>
    lines.filter((line) => line.includes(start) && line.includes('redirect dev eth0'));
  t.is(passing('protocol ip flower src_mac 02:42:ac:11:00:02 src_ip 172.17.0.').length, 2);
  t.is(passing('protocol ipv6 flower src_mac 02:42:ac:11:00:02 src_ip fd00::2').length, 1);
  t.is(passing('protocol arp flower').length, 3, 'both addresses, and the probe of none');
  t.true(
    passing('protocol arp flower').every((line) => line.includes('arp_sha 02:42:ac:11:00:02')),
  );
  t.regex(
    passing('u32')[0] ?? '',
    /0x0242ac11 0xffffffff at -8 match u16 0x0002 0xffff at -4 .*0xfd000000 0xffffffff at 48 .*0x00000002 0xffffffff at 60/,
  );
  t.regex(lines.at(-2) ?? '', /chain 7 pref 9 protocol all matchall action drop$/);
  t.regex(lines.at(-1) ?? '', /goto chain 7$/);
});

test('another MAC or address is another key', (t) => {
  t.is(senderKey(link), senderKey({ ...link, name: 'eth1' }));
  t.not(senderKey(link), senderKey({ ...link, mac: '02:42:ac:11:00:03' }));
  t.not(senderKey(link), senderKey({ ...link, addresses: [] }));
});
