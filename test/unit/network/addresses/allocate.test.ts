// SPDX-License-Identifier: Apache-2.0
// No address is allocated twice, reused right after its release, or outside the range for containers.

import test from 'ava';
import { Addresses } from '../../../../toolstack/network/addresses/allocate.js';

test('one after the other, around, until there is none', (t) => {
  const all = new Addresses();
  const next = () => all.next('n', '192.0.2.0/29', '192.0.2.1');
  t.deepEqual([next(), next(), next()], ['192.0.2.2', '192.0.2.3', '192.0.2.4']);
  all.release('192.0.2.2');
  t.is(next(), '192.0.2.5');
  t.is(next(), '192.0.2.6');
  t.is(next(), '192.0.2.2');
  t.throws(next, { code: 'ERR_NETWORK_FULL', message: /"n".*192\.0\.2\.0\/29/ });
});

test('IPv6 has no broadcast address', (t) => {
  const all = new Addresses();
  const next = () => all.next('n', 'fd00::/126', 'fd00::1');
  t.deepEqual([next(), next()], ['fd00::2', 'fd00::3']);
  t.throws(next, { code: 'ERR_NETWORK_FULL' });
});

test('one that is named is had, unless it is somebody’s or nobody’s', (t) => {
  const all = new Addresses();
  const claim = (text: string) => all.claim('--ip', text, 'n', '192.0.2.0/29', '192.0.2.1');
  t.is(claim('192.0.2.3'), '192.0.2.3');
  for (const text of [
    '192.0.2.3',
    '192.0.2.1',
    '192.0.2.0',
    '192.0.2.7',
    '192.0.2.8',
    'fd00::1',
    'x',
  ])
    // prettier-ignore
    t.throws(() => claim(text), { code: 'ERR_NETWORK_ADDRESS', message: /--ip/ }, text);
  t.is(all.next('n', '192.0.2.0/29', '192.0.2.1'), '192.0.2.2');
  t.is(all.next('n', '192.0.2.0/29', '192.0.2.1'), '192.0.2.4');
});
