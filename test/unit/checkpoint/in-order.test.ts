// SPDX-License-Identifier: Apache-2.0
// Pieces come out in order, a limited number is in progress at once, and none is left running.

import test from 'ava';
import { setImmediate as turn } from 'node:timers/promises';
import { inOrder } from '../../../toolstack/checkpoint/in-order.js';

async function* upTo(count: number): AsyncGenerator<number> {
  for (let i = 0; i < count; i++) {
    await turn();
    yield i;
  }
}

test('results come in order, and at most so many are under way', async (t) => {
  let [now, most] = [0, 0];
  const work = async (item: number): Promise<number> => {
    most = Math.max(most, ++now);
    for (let i = 0; i < (item * 7) % 5; i++) await turn();
    now--;
    return item;
  };
  const got: number[] = [];
  for await (const item of inOrder(upTo(20), 3, work)) got.push(item);
  t.deepEqual(
    got,
    Array.from({ length: 20 }, (_, i) => i),
  );
  t.true(most > 1 && most <= 3, `${most} at once`);
});

test('what fails ends it, once all under way are through', async (t) => {
  let now = 0;
  const work = async (item: number): Promise<number> => {
    now++;
    for (let i = 0; i < item; i++) await turn();
    now--;
    if (item === 2) throw new Error('two');
    return item;
  };
  const got: number[] = [];
  const all = async (): Promise<void> => {
    for await (const item of inOrder(upTo(9), 4, work)) got.push(item);
  };
  await t.throwsAsync(all(), { message: 'two' });
  t.deepEqual(got, [0, 1]);
  t.is(now, 0);
});
