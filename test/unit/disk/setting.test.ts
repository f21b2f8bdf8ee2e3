// SPDX-License-Identifier: Apache-2.0
// The bytes that stay free, by the size of the filesystem and the administrator's setting.

import test from 'ava';
import { NOTHING, parseReserve, reserveOf } from '../../../toolstack/disk/setting.js';

const [MIB, GIB] = [2 ** 20, 2 ** 30];

test('by default a twentieth, at least a GiB and at most ten; a tenth of a small filesystem', (t) => {
  const sizes: [number, number][] = [
    [0, 0],
    [400 * 1024, 40 * 1024],
    [10 * MIB, MIB],
    [8 * GIB, Math.floor(0.8 * GIB)],
    [10 * GIB, GIB],
    [19 * GIB, GIB],
    [40 * GIB, 2 * GIB],
    [200 * GIB, 10 * GIB],
    [4096 * GIB, 10 * GIB],
  ];
  for (const [total, reserve] of sizes) t.is(reserveOf(total, parseReserve('it', '')), reserve);
});

test('an administrator says a size, a share, or nothing at all', (t) => {
  t.is(reserveOf(100 * GIB, parseReserve('it', '2g')), 2 * GIB);
  t.is(reserveOf(100 * GIB, parseReserve('it', '7.5%')), 7.5 * GIB);
  t.is(reserveOf(100 * GIB, parseReserve('it', '0')), 0);
  t.is(reserveOf(100 * GIB, parseReserve('it', '0%')), 0);
  t.is(reserveOf(100 * GIB, NOTHING), 0);
  t.is(reserveOf(GIB, parseReserve('it', '2g')), GIB, 'no more than there is');
});

test('what is no size is refused', (t) => {
  for (const text of ['much', '-1', '51%', '100%', '5 %', '%'])
    t.throws(() => parseReserve('disk-reserve', text), {
      code: 'ERR_USAGE',
      message: /disk-reserve/,
    });
});
