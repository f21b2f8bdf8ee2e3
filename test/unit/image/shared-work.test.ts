// SPDX-License-Identifier: Apache-2.0
import test from 'ava';
import { setTimeout as sleep } from 'node:timers/promises';
import { KeyedQueue, Pins, SharedWork } from '../../../toolstack/image/shared-work.js';

test('callers with one key share the work, its result and its progress', async (t) => {
  const work = new SharedWork<number>();
  let starts = 0;
  const lines: string[] = [];
  const one = () =>
    work.run(
      'k',
      async (_signal, progress) => {
        starts++;
        await sleep(10);
        progress({ text: 'half' });
        return 7;
      },
      { onProgress: ({ text }) => lines.push(text) },
    );
  t.deepEqual(await Promise.all([one(), one(), one()]), [7, 7, 7]);
  t.is(starts, 1);
  t.deepEqual(lines, ['half', 'half', 'half']);
  t.is(await one(), 7);
  t.is(starts, 2);
});

test('the work goes on while one caller waits, and is aborted when the last gives up', async (t) => {
  const work = new SharedWork<string>();
  let aborted = false;
  const job = (signal: AbortSignal) =>
    new Promise<string>((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        aborted = true;
        reject(new Error('stopped'));
      });
    });
  const first = new AbortController();
  const second = new AbortController();
  const a = work.run('k', job, { signal: first.signal });
  const b = work.run('k', job, { signal: second.signal });
  first.abort();
  await t.throwsAsync(a, { code: 'ERR_IMAGE_ABORTED' });
  t.false(aborted);
  second.abort();
  await t.throwsAsync(b, { code: 'ERR_IMAGE_ABORTED' });
  t.true(aborted);
  await t.throwsAsync(work.run('k', job, { signal: second.signal }), { code: 'ERR_IMAGE_ABORTED' });
});

test('a failure reaches every caller and does not stick', async (t) => {
  const work = new SharedWork<number>();
  const fail = () => work.run('k', () => Promise.reject(new Error('no')), {});
  const results = await Promise.allSettled([fail(), fail()]);
  t.deepEqual(
    results.map((r) => r.status),
    ['rejected', 'rejected'],
  );
  t.is(await work.run('k', () => Promise.resolve(1), {}), 1);
});

test('a queue runs one at a time per key, others side by side', async (t) => {
  const queue = new KeyedQueue();
  const log: string[] = [];
  const step = (key: string, name: string, ms: number) =>
    queue.run(key, async () => {
      log.push(`${name}+`);
      await sleep(ms);
      log.push(`${name}-`);
    });
  await Promise.all([step('a', '1', 30), step('a', '2', 0), step('b', '3', 0)]);
  t.true(log.indexOf('1-') < log.indexOf('2+'));
  t.true(log.indexOf('3-') < log.indexOf('1-'));
});

test('a queue goes on after a failure', async (t) => {
  const queue = new KeyedQueue();
  await t.throwsAsync(queue.run('a', () => Promise.reject(new Error('no'))));
  t.is(await queue.run('a', () => Promise.resolve(2)), 2);
});

test('a pin holds until the last holder lets go, once each', (t) => {
  const pins = new Pins();
  const first = pins.pin(['x', 'y']);
  const second = pins.pin(['x']);
  first();
  first();
  t.true(pins.has('x'));
  t.false(pins.has('y'));
  second();
  t.false(pins.has('x'));
});
