// SPDX-License-Identifier: Apache-2.0
// A container that does not die of SIGKILL is destroyed; one that does is left to its end.

import test from 'ava';
import { insist, isWithin } from '../../../../toolstack/runtime/lifecycle/signal.js';
import { runningContainer } from '../../../support/runtime/running-container.js';

test('a container that answers SIGKILL is not destroyed', async (t) => {
  const { container, calls } = await runningContainer(t, {}, [9]);
  await insist(container, 60_000, () => t.fail());
  t.deepEqual(calls[0], ['signal', 1, 9]);
});

test('a container that does not answer is destroyed, once', async (t) => {
  const { container } = await runningContainer(t, {}, []);
  let destroyed = 0;
  await insist(container, 10, () => destroyed++);
  t.is(destroyed, 1);
});

test('an event may come in time, late, or without a limit', async (t) => {
  t.true(await isWithin(Promise.resolve(), 60_000));
  t.false(await isWithin(new Promise(() => undefined), 1));
  t.true(await isWithin(Promise.resolve(), Infinity));
});
