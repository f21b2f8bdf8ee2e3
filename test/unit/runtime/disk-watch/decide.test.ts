// SPDX-License-Identifier: Apache-2.0
// The guests that pause are those that fill the disk; a slow one runs on while there is room for it.

import test from 'ava';
import {
  isNear,
  isShort,
  mayResume,
  nextLookMs,
  toPause,
} from '../../../../toolstack/runtime/disk-watch/decide.js';

const [KIB, MIB, GIB] = [2 ** 10, 2 ** 20, 2 ** 30];
const room = (freeBytes: number, reserveBytes = GIB) => ({
  freeBytes,
  reserveBytes,
  totalBytes: 20 * GIB,
});

test('above the reserve nobody pauses, however fast', (t) => {
  t.deepEqual(toPause(room(GIB), new Map([['a', GIB]])), []);
  t.deepEqual(toPause(room(0, 0), new Map([['a', GIB]])), [], 'there is no reserve');
});

test('in the reserve the fastest pause, until the rest can go on for a minute', (t) => {
  const rates = new Map([
    ['slow', 64 * KIB],
    ['fast', 50 * MIB],
    ['faster', 80 * MIB],
    ['brisk', 4 * MIB],
    ['still', 0],
  ]);
  t.deepEqual(toPause(room(GIB - 1), rates), ['faster', 'fast']);
  // 52 MiB are left above the floor.
  t.deepEqual(toPause(room(GIB / 2 + 52 * MIB), rates), ['faster', 'fast', 'brisk']);
});

test('below the floor each that grows pauses', (t) => {
  const rates = new Map([
    ['slow', 2 * KIB],
    ['still', KIB / 2],
    ['fast', 50 * MIB],
  ]);
  t.deepEqual(toPause(room(GIB / 2), rates), ['fast', 'slow']);
  t.deepEqual(toPause(room(0), rates), ['fast', 'slow']);
});

test('a guest resumes with some room to spare, on a disk of any size', (t) => {
  t.false(mayResume(room(GIB)));
  t.true(mayResume(room(1.125 * GIB)));
  t.true(mayResume({ freeBytes: GIB, reserveBytes: GIB, totalBytes: GIB }));
  t.true(mayResume(room(0, 0)), 'the reserve was turned off');
});

test('the nearer the reserve, the sooner the next look', (t) => {
  t.is(nextLookMs([]), 10_000);
  t.is(nextLookMs([room(0, 0)]), 10_000);
  t.is(nextLookMs([room(100 * GIB)]), 10_000);
  t.is(nextLookMs([room(100 * GIB), room(3 * GIB)]), 2048);
  t.is(nextLookMs([room(GIB + MIB)]), 250);
  t.is(nextLookMs([room(0)]), 250);
});

test('growth counts before the reserve is reached', (t) => {
  t.deepEqual([room(2 * GIB), room(2 * GIB - 1), room(0, 0)].map(isNear), [false, true, false]);
  t.deepEqual([room(GIB), room(GIB - 1), room(0, 0)].map(isShort), [false, true, false]);
});
