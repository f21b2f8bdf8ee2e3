// SPDX-License-Identifier: Apache-2.0
// One signal combines a deadline and a caller's signal, and leaves nothing behind.

import test from 'ava';
import { getEventListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { limitTime, rejectOnAbort } from '../../../xenstore/time-limit.js';

test('the signal aborts at the deadline with the error made then', async (t) => {
  const limit = limitTime(10, undefined, () => new Error('late'));
  await sleep(50);
  t.is((limit.signal.reason as Error).message, 'late');
});

test('the signal aborts with the reason of the caller, at once when that has aborted already', (t) => {
  const reason = new Error('stop');
  t.is(limitTime(1000, AbortSignal.abort(reason), () => new Error()).signal.reason, reason);
  const controller = new AbortController();
  const limit = limitTime(Infinity, controller.signal, () => new Error());
  controller.abort(reason);
  t.is(limit.signal.reason, reason);
});

test('after clear neither the clock nor the caller is heard', async (t) => {
  const controller = new AbortController();
  const limit = limitTime(10, controller.signal, () => new Error());
  limit.clear();
  t.is(getEventListeners(controller.signal, 'abort').length, 0);
  controller.abort();
  await sleep(50);
  t.false(limit.signal.aborted);
});

test('a promise goes on when the signal is first, and its failure is nobody else’s', async (t) => {
  const reason = new Error('stop');
  const failing = sleep(20).then(() => Promise.reject(new Error('later')));
  t.is(await t.throwsAsync(rejectOnAbort(failing, AbortSignal.abort(reason))), reason);
  await sleep(50);
  const { signal } = new AbortController();
  t.is(await rejectOnAbort(Promise.resolve('value'), signal), 'value');
  t.is(getEventListeners(signal, 'abort').length, 0);
});
