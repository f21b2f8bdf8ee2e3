// SPDX-License-Identifier: Apache-2.0
// Every wait ends by its promise, by its deadline with a named error, or by its signal.

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';
import test from 'ava';
import { sleep, TimeoutError, withDeadline } from '../../../toolstack/base/deadline.js';

const never = (): Promise<never> => new Promise(() => undefined);

test('a promise in time is passed through, both ways', async (t) => {
  t.is(await withDeadline(Promise.resolve(7), 1000, 'It'), 7);
  const error = new Error('no');
  t.is(await t.throwsAsync(withDeadline(Promise.reject(error), 1000, 'It')), error);
});

test('a promise out of time rejects with the code asked for', async (t) => {
  const error = await t.throwsAsync(withDeadline(never(), 5, 'Shim does not answer'), {
    instanceOf: TimeoutError,
    code: 'ERR_TIMEOUT',
  });
  t.regex(error.message, /^Shim does not answer: /);
  await t.throwsAsync(withDeadline(never(), 5, 'It', { code: 'ERR_MINE' }), { code: 'ERR_MINE' });
});

test('what came in time counts, also where nobody could look until it was over', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const client = createConnection((server.address() as AddressInfo).port, '127.0.0.1');
  const [other] = await accepted;
  const { fd } = (other as unknown as { _handle: { fd: number } })._handle;
  const waiting = withDeadline(once(client, 'data'), 20, 'It');
  // This process blocks until another process has answered in its place.
  execFileSync('sh', ['-c', 'sleep 0.2; echo answer'], { stdio: ['ignore', fd, 'inherit'] });
  t.is(String((await waiting)[0]), 'answer\n');
  other.destroy();
});

test('a signal ends the wait with its reason, also one that came before', async (t) => {
  const reason = new Error('client gone');
  const controller = new AbortController();
  const waiting = withDeadline(never(), 60_000, 'It', { signal: controller.signal });
  controller.abort(reason);
  t.is(await t.throwsAsync(waiting), reason);
  t.is(
    await t.throwsAsync(withDeadline(never(), 60_000, 'It', { signal: controller.signal })),
    reason,
  );
});

test('a reason that is no error becomes one', async (t) => {
  const signal = AbortSignal.abort('text');
  await t.throwsAsync(withDeadline(never(), 60_000, 'It', { signal }), { code: 'ERR_ABORTED' });
  await t.throwsAsync(sleep(60_000, signal), { code: 'ERR_ABORTED' });
});

test('a promise that rejects after its deadline troubles nobody', async (t) => {
  let unhandled: unknown;
  const note = (reason: unknown): void => void (unhandled = reason);
  process.once('unhandledRejection', note);
  let fail: (error: Error) => void = () => undefined;
  const late = new Promise<never>((_, reject) => (fail = reject));
  await t.throwsAsync(withDeadline(late, 5, 'It'), { code: 'ERR_TIMEOUT' });
  fail(new Error('late'));
  await sleep(50);
  process.off('unhandledRejection', note);
  t.is(unhandled, undefined);
});

test('a sleep is cut short by its signal and then leaves no listener', async (t) => {
  const controller = new AbortController();
  const reason = new Error('enough');
  const sleeping = sleep(60_000, controller.signal);
  setTimeout(() => controller.abort(reason), 5);
  t.is(await t.throwsAsync(sleeping), reason);
  const started = performance.now();
  await sleep(20);
  t.true(performance.now() - started >= 15);
});
