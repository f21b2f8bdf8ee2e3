// SPDX-License-Identifier: Apache-2.0
// Detects an xl pause when a state is queried, and when a request would otherwise wait in vain.

import test from 'ava';
import { execIn } from '../../../../toolstack/runtime/exec/exec.js';
import { noticePauses } from '../../../../toolstack/runtime/pause/detect.js';
import { stopContainer } from '../../../../toolstack/runtime/lifecycle/stop.js';
import { runningContainer } from '../../../support/runtime/running-container.js';

async function paused(t: Parameters<typeof runningContainer>[0], isPaused = true) {
  const all = await runningContainer(t);
  const { uuid } = all.record.sandbox;
  all.libxl.add({ domid: 9, uuid, name: 'web', paused: isPaused });
  const told: string[] = [];
  all.services.events.listen(({ action }) => void told.push(action));
  return { ...all, told };
}

test('a domain that xl paused is a paused container, and runs when xl lets it go', async (t) => {
  const { services, manager, record, libxl, told } = await paused(t);
  await noticePauses(services, manager.containers);
  t.is(record.state, 'paused');
  libxl.add({ domid: 9, uuid: record.sandbox.uuid, name: 'web', paused: false });
  await noticePauses(services, manager.containers);
  await noticePauses(services, manager.containers);
  t.is(record.state, 'running');
  t.deepEqual(told, ['pause', 'unpause']);
});

test('another domain under its number, and what has ended, say nothing', async (t) => {
  const { services, manager, container, record, libxl } = await paused(t);
  libxl.add({ domid: 9, uuid: 'another', name: 'web', paused: true });
  await noticePauses(services, manager.containers);
  t.is(record.state, 'running');
  container.lose('gone');
  await container.finished;
  await noticePauses(services, [container]);
  t.is(record.state, 'lost');
});

test('no command is sent into one that stands still, and it is let go to be stopped', async (t) => {
  const { services, manager, container, record } = await paused(t);
  const options = { command: ['true'], env: [], tty: false, interactive: false, detach: false };
  await t.throwsAsync(execIn(services, container, options as never, {} as never), {
    code: 'ERR_CONTAINER_STATE',
    message: /paused/,
  });
  await stopContainer(services, manager, 'web');
  t.is(record.state, 'exited');
});
