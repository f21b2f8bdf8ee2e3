// SPDX-License-Identifier: Apache-2.0
// Memory is promised once, also to concurrent requests.

import test from 'ava';
import { MemoryBudget } from '../../../../toolstack/sandbox/size/memory-budget.js';

const MIB = 1024;

/** A budget over that much free memory, which the test may change. */
function budgetOf(freeMib: number) {
  const host = { freeKib: freeMib * MIB };
  return { host, budget: new MemoryBudget(() => Promise.resolve(host.freeKib)) };
}

test('memory that is there is promised', async (t) => {
  const { budget } = budgetOf(100);
  await t.notThrowsAsync(budget.reserve(64 * MIB));
});

test('a domain costs more than its memory', async (t) => {
  const { budget } = budgetOf(64);
  await t.throwsAsync(budget.reserve(64 * MIB), { code: 'ERR_MEMORY', message: /64 MiB/ });
});

test('of many at once only as many get memory as there is', async (t) => {
  const { budget } = budgetOf(320);
  const results = await Promise.allSettled(
    Array.from({ length: 3 }, () => budget.reserve(150 * MIB)),
  );
  t.true(results.filter((r) => r.status === 'fulfilled').length < 3);
  t.true(results.some((r) => r.status === 'rejected'));
});

test('two that fit together both get theirs', async (t) => {
  const { budget } = budgetOf(320);
  await t.notThrowsAsync(Promise.all([budget.reserve(150 * MIB), budget.reserve(150 * MIB)]));
});

test('what is given back can be promised again, and counts once', async (t) => {
  const { budget } = budgetOf(200);
  const giveBack = await budget.reserve(150 * MIB);
  await t.throwsAsync(budget.reserve(100 * MIB), { code: 'ERR_MEMORY' });
  giveBack();
  giveBack();
  const again = await budget.reserve(150 * MIB);
  await t.throwsAsync(budget.reserve(100 * MIB), { code: 'ERR_MEMORY' });
  again();
});

test('a refusal, or a host that does not answer, promises nothing', async (t) => {
  let answer = (): Promise<number> => Promise.reject(new Error('no answer'));
  const budget = new MemoryBudget(() => answer());
  await t.throwsAsync(budget.reserve(100 * MIB), { message: 'no answer' });
  answer = () => Promise.resolve(110 * MIB);
  await t.throwsAsync(budget.reserve(200 * MIB), { code: 'ERR_MEMORY' });
  await t.notThrowsAsync(budget.reserve(100 * MIB));
});

test('memory that is coming back is waited for, then others are asked for theirs', async (t) => {
  const { host, budget } = budgetOf(10);
  const asked: number[] = [];
  budget.onShortage = (kib) => {
    asked.push(kib);
    host.freeKib += 50 * MIB;
    return Promise.resolve(asked.length < 3);
  };
  const end = new Promise<void>((resolve) =>
    setTimeout(() => {
      host.freeKib += 40 * MIB;
      resolve();
    }, 20),
  );
  budget.expectBack(end);
  await t.notThrowsAsync(budget.reserve(40 * MIB));
  t.deepEqual(asked, []);
  await t.notThrowsAsync(budget.reserve(64 * MIB));
  t.is(asked.length, 2);
});

test('whoever does not reclaim takes from nobody', async (t) => {
  const { budget } = budgetOf(10);
  budget.onShortage = () => Promise.resolve(t.fail('nobody is asked'));
  await t.throwsAsync(budget.reserve(64 * MIB, { reclaim: false }), { code: 'ERR_MEMORY' });
});
