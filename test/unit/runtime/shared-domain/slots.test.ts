// SPDX-License-Identifier: Apache-2.0

import test from 'ava';
import { firstProcess, slotOf, Slots } from '../../../../toolstack/runtime/shared-domain/slots.js';

test('a process is its container’s, from the first to the last', (t) => {
  for (const slot of [1, 2, 4095]) {
    t.is(slotOf(firstProcess(slot)), slot);
    t.is(slotOf(firstProcess(slot) + 2 ** 20 - 2), slot);
    t.true(firstProcess(slot) + 2 ** 20 - 2 < 2 ** 32, 'it has 32 bits');
  }
});

test('a slot that was given back comes last, and none is had by two', (t) => {
  const slots = new Slots<string>();
  const first = slots.take('a');
  slots.give(first);
  const next = slots.take('b');
  t.not(next, first);
  for (let i = 0; i < 4094; i++) slots.take('c');
  t.throws(() => slots.take('d'), { instanceOf: RangeError });
  t.is(slots.holder(next), 'b');
  slots.give(next);
  t.is(slots.take('d'), next);
});

test('what an earlier thawd gave away is taken', (t) => {
  const slots = new Slots<string>();
  slots.adopt(3, 'old');
  t.is(slots.take('new'), 4);
  t.deepEqual(slots.holders, ['old', 'new']);
});

test('one that the shim may remember is not the next', (t) => {
  const slots = new Slots<string>();
  slots.pass(7);
  slots.pass(3);
  t.is(slots.take('new'), 8);
});
