// SPDX-License-Identifier: Apache-2.0
// Assigns sampled instructions to their programs.

import test from 'ava';
import { countSamples, parseSymbols, symbolAt } from '../../../../bench/profile/samples.js';

const XEN = parseSymbols('ffff82d040200000 T _start\nffff82d040300000 t memcpy');
const DOM0 = parseSymbols('ffffffff81000000 T startup\nffffffff81000100 T schedule');
const GUEST = parseSymbols(
  '0000000000001000 D per_cpu\nffffffff80200000 T _text\nffffffff80200010 W idle',
);

function samples(...all: [pc: bigint, cr3: bigint, cs: bigint][]): Buffer {
  const data = Buffer.alloc(all.length * 24);
  all.forEach((sample, i) =>
    sample.forEach((value, k) => data.writeBigUInt64LE(value, i * 24 + k * 8)),
  );
  return data;
}

test('a symbol reaches to the next', (t) => {
  t.is(symbolAt(GUEST, 0xffffffff80200000n), '_text');
  t.is(symbolAt(GUEST, 0xffffffff8020000fn), '_text');
  t.is(symbolAt(GUEST, 0xffffffff80209999n), 'idle');
  t.is(symbolAt(GUEST, 0x1000n), '?');
  t.is(GUEST.names.length, 2);
});

test('ring and page table tell guests from dom0, the address tells Xen', (t) => {
  const { who, functions } = countSamples(
    samples(
      [0xffff82d040300010n, 0x5000n, 0xe008n],
      [0xffffffff81000100n, 0x1000n, 0xe033n],
      [0x400000n, 0x2000n, 0x33n],
      [0x400000n, 0x3000n, 0x33n],
      [0xffffffff80200010n, 0x7000n, 0x10n],
      [0x400000n, 0x7000n, 0x33n],
    ),
    { xen: XEN, dom0: DOM0, guest: GUEST },
  );
  t.deepEqual(Object.fromEntries(who), {
    xen: 1,
    'dom0 kernel': 1,
    'dom0 process 1': 1,
    'dom0 process 2': 1,
    'guest kernel': 1,
    'guest process': 1,
  });
  t.deepEqual(Object.fromEntries(functions), {
    'xen: memcpy': 1,
    'dom0 kernel: schedule': 1,
    'guest kernel: idle': 1,
  });
});

test('a sample that was cut off is left out', (t) => {
  const whole = samples([0x1n, 0x1n, 0x1n]);
  t.is(countSamples(whole.subarray(0, 20), { xen: XEN, dom0: DOM0, guest: GUEST }).who.size, 0);
});
