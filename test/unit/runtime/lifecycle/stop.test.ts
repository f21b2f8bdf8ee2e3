// SPDX-License-Identifier: Apache-2.0
// stop sends a signal, then kills the container. The time limit of a paused container starts when it is resumed.

import test from 'ava';
import { pauseContainer } from '../../../../toolstack/runtime/pause/pause.js';
import { stopContainer } from '../../../../toolstack/runtime/lifecycle/stop.js';
import { runningContainer } from '../../../support/runtime/running-container.js';

test('it gets its stop signal, and is gone when that is answered', async (t) => {
  const { services, manager, record, calls } = await runningContainer(t, { stopSignal: 3 }, [3]);
  await stopContainer(services, manager, 'web');
  t.deepEqual(calls, [['signal', 1, 3], ['destroy']]);
  t.like(record, { state: 'exited', exit: { kind: 'signaled', signal: 3 }, isStopped: true });
});

test('one that does not end is killed after its time', async (t) => {
  const { services, manager, calls } = await runningContainer(t, {}, [9]);
  await stopContainer(services, manager, 'web', 0.02);
  t.deepEqual(calls, [['signal', 1, 15], ['signal', 1, 9], ['destroy']]);
});

test('one that has ended is left alone, but no policy starts it again', async (t) => {
  const { services, manager, container, record, calls } = await runningContainer(t);
  container.shimEvents.onExit(1, { kind: 'exited', code: 0 });
  await stopContainer(services, manager, 'web');
  t.deepEqual(calls, [['destroy']]);
  t.true(record.isStopped);
});

test('a paused one is let go first, so that it can end', async (t) => {
  const { services, manager, container, record, libxl } = await runningContainer(t);
  libxl.add({ domid: 9, uuid: record.sandbox.uuid, name: 'web' });
  await pauseContainer(services, container);
  t.is(record.state, 'paused');
  await stopContainer(services, manager, 'web');
  t.is(record.state, 'exited');
});
