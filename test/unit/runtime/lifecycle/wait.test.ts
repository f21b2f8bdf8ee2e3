// SPDX-License-Identifier: Apache-2.0
// Every waiter is told of the end, early or late.

import test from 'ava';
import { waitFor } from '../../../../toolstack/runtime/lifecycle/wait.js';
import { runningContainer } from '../../../support/runtime/running-container.js';

const never = new AbortController().signal;

test('of one that runs, of one that has ended, and of one that nobody saw end', async (t) => {
  const { services, manager, container } = await runningContainer(t);
  const waiting = waitFor(services, manager, 'web', never);
  container.shimEvents.onExit(1, { kind: 'signaled', signal: 9 });
  t.is(await waiting, 137);
  t.is(await waitFor(services, manager, 'web', never), 137);
  const lost = await runningContainer(t);
  lost.container.lose('domain destroyed');
  t.is(await waitFor(lost.services, lost.manager, 'web', never), -1);
});

test('of one that is removed', async (t) => {
  const { services, manager } = await runningContainer(t, { rm: true });
  const waiting = waitFor(services, manager, 'web', never);
  await manager.remove('web', true);
  t.is(await waiting, -1);
});

test('until the client goes', async (t) => {
  const { services, manager } = await runningContainer(t);
  const gone = new AbortController();
  const waiting = waitFor(services, manager, 'web', gone.signal);
  gone.abort(new Error('gone'));
  await t.throwsAsync(waiting, { message: 'gone' });
  await t.throwsAsync(waitFor(services, manager, 'web', gone.signal), { message: 'gone' });
});
