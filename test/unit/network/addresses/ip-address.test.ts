// SPDX-License-Identifier: Apache-2.0
// Converts addresses to numbers and back, and computes subnets.

import { randomBytes } from 'node:crypto';
import { isIPv6 } from 'node:net';
import test from 'ava';
import {
  addressBytes,
  contains,
  formatAddress,
  formatSubnet,
  overlap,
  parseAddress,
  parseSubnet,
} from '../../../../toolstack/network/addresses/ip-address.js';

test('addresses come back as people write them', (t) => {
  for (const text of [
    '0.0.0.0',
    '10.94.0.2',
    '255.255.255.255',
    '::',
    '::1',
    'fd00::',
    'fe80::1:0:0:1',
    '2001:db8::1',
    '1:2:3:4:5:6:7:8',
    '1:0:2::3',
    '0:1::',
    '1::8',
  ]) {
    // prettier-ignore
    const parsed = parseAddress(text);
    t.is(parsed && formatAddress(parsed.family, parsed.value), text);
  }
  t.is(parseAddress('::ffff:192.0.2.1')?.value, 0xffffc0000201n);
  t.is(parseAddress('FD00::A')?.value, (0xfdn << 120n) + 10n);
});

test('any IPv6 address is read again as what it was', (t) => {
  for (let i = 0; i < 2000; i++) {
    const bytes = randomBytes(16).map((byte, at) => (i & (1 << (at / 2)) ? byte : 0));
    const value = BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
    const text = formatAddress(6, value);
    t.true(isIPv6(text), text);
    t.is(parseAddress(text)?.value, value);
  }
});

test('what is no address is none', (t) => {
  for (const text of [
    '',
    '10.0.0',
    '10.0.0.256',
    '010.0.0.1',
    'fe80::1%eth0',
    ':::',
    'host',
    '1:2:3:4:5:6:7:8:9',
  ])
    // prettier-ignore
    t.is(parseAddress(text), undefined, text);
});

test('bytes are in network order', (t) => {
  t.is(addressBytes('10.0.0.2').toString('hex'), '0a000002');
  t.is(addressBytes('fd00::2').toString('hex'), `fd${'00'.repeat(14)}02`);
  t.throws(() => addressBytes('x'), { instanceOf: TypeError });
});

test('a subnet has no bits behind its prefix', (t) => {
  for (const text of ['10.94.0.0/16', '10.1.2.0/24', '192.0.2.4/30', 'fd00:1::/64']) {
    const subnet = parseSubnet(text);
    t.is(subnet && formatSubnet(subnet), text);
  }
  for (const text of ['10.94.0.1/16', '10.0.0.0', '10.0.0.0/0', '10.0.0.0/33', 'fd00::/129', '/8'])
    t.is(parseSubnet(text), undefined, text);
});

test('subnets contain and overlap', (t) => {
  const [wide, narrow, other, six] = ['10.0.0.0/8', '10.94.0.0/16', '11.0.0.0/8', 'fd00::/64'].map(
    (text) => parseSubnet(text)!,
  );
  const inside = parseAddress('10.94.255.255')!;
  t.true(contains(narrow!, inside) && contains(wide!, inside));
  t.false(contains(other!, inside) || contains(six!, inside));
  t.true(overlap(wide!, narrow!) && overlap(narrow!, wide!));
  t.false(overlap(wide!, other!) || overlap(wide!, six!));
});
