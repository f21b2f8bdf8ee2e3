// SPDX-License-Identifier: Apache-2.0
// A container of its own is paused as a domain, one in a pod as a cgroup, also when thawd or the pod ends meanwhile.

import test from 'ava';
import { AgentType } from '../../../../toolstack/agent/wire.js';
import { decodeFields } from '../../../../toolstack/base/frame.js';
import { silentLog } from '../../../../toolstack/base/log.js';
import { noticePauses } from '../../../../toolstack/runtime/pause/detect.js';
import { pauseContainer, unpauseContainer } from '../../../../toolstack/runtime/pause/pause.js';
import { stopContainer } from '../../../../toolstack/runtime/lifecycle/stop.js';
import { runningContainer } from '../../../support/runtime/running-container.js';

const STATE = { code: 'ERR_CONTAINER_STATE' };

async function running(t: Parameters<typeof runningContainer>[0], refusal?: Error) {
  const all = await runningContainer(t, { pod: { id: 'p', name: 'shop' } });
  all.libxl.add({ domid: 9, uuid: all.record.sandbox.uuid, name: 'shop' });
  const asked: string[] = [];
  const link = {
    request(type: number, payload: Buffer) {
      t.is(type, AgentType.LIMIT);
      asked.push(decodeFields(payload, 5).map(String).join());
      return refusal ? Promise.reject(refusal) : Promise.resolve(Buffer.alloc(0));
    },
  };
  Object.assign(all.container.sandbox ?? {}, { agent: () => Promise.resolve(link) });
  const written = async () => (await all.records.loadAll(silentLog()))[0];
  return { ...all, asked, written };
}

test('what is not paused cannot be let go, and what does not run cannot be paused', async (t) => {
  const { services, container, record, libxl } = await runningContainer(t);
  libxl.add({ domid: 9, uuid: record.sandbox.uuid, name: 'web' });
  await t.throwsAsync(unpauseContainer(services, container), STATE);
  await pauseContainer(services, container);
  await t.throwsAsync(pauseContainer(services, container), STATE);
  await unpauseContainer(services, container);
  t.is(record.state, 'running');
});

test('in a pod its cgroup stands still, which the domain does not say', async (t) => {
  const { services, manager, container, record, asked, written } = await running(t);
  await pauseContainer(services, container);
  await noticePauses(services, manager.containers);
  t.is(record.state, 'paused');
  t.like(await written(), { state: 'paused', isStill: true });
  await t.throwsAsync(pauseContainer(services, container), STATE);
  await unpauseContainer(services, container);
  t.is((await written())?.isStill, undefined);
  t.is(record.state, 'running');
  const name = record.inGuest;
  t.deepEqual(asked, [`${name},,,,1`, `${name},,,,0`]);
});

test('in a pod that is paused none goes on by itself', async (t) => {
  const { services, container, record, libxl } = await running(t);
  await pauseContainer(services, container);
  libxl.add({ domid: 9, uuid: record.sandbox.uuid, name: 'shop', paused: true });
  const pod = { code: 'ERR_CONTAINER_POD', message: /use thaw pod unpause shop/ };
  await t.throwsAsync(unpauseContainer(services, container), pod);
  t.is(record.state, 'paused');
  libxl.add({ domid: 9, uuid: record.sandbox.uuid, name: 'shop', paused: false });
  await unpauseContainer(services, container);
  t.is(record.state, 'running');
});

test('in a pod it goes on to be stopped, and comes back as any other', async (t) => {
  const { services, manager, container, record, written } = await running(t);
  await pauseContainer(services, container);
  await stopContainer(services, manager, 'web');
  t.is(record.state, 'exited');
  t.is((await written())?.isStill, undefined);
});

test('killed while it stands still it is still no more', async (t) => {
  const { services, container, written } = await running(t);
  await pauseContainer(services, container);
  container.shimEvents.onExit(1, { kind: 'signaled', signal: 9 });
  await container.finished;
  const { state, isStill } = (await written()) ?? {};
  t.deepEqual([state, isStill], ['exited', undefined]);
});

test('one that its guest does not keep still runs on', async (t) => {
  const { services, container, record, asked, written } = await running(t, new Error('no'));
  await t.throwsAsync(pauseContainer(services, container), { message: 'no' });
  t.is(record.state, 'running');
  t.is((await written())?.isStill, undefined);
  const name = record.inGuest;
  t.deepEqual(asked, [`${name},,,,1`, `${name},,,,0`], 'it may have done it late');
});

for (const verb of ['pause', 'unpause'] as const)
  test(`one that ends before its guest answers to ${verb} has ended`, async (t) => {
    const { services, container, record, written } = await running(t);
    if (verb === 'unpause') await pauseContainer(services, container);
    const agent = () => ({
      request: async () => {
        container.shimEvents.onExit(1, { kind: 'exited', code: 3 });
        await container.finished;
        return Buffer.alloc(0);
      },
    });
    Object.assign(container.sandbox ?? {}, { agent: () => Promise.resolve(agent()) });
    const change = verb === 'pause' ? pauseContainer : unpauseContainer;
    await t.throwsAsync(change(services, container), STATE);
    t.is(record.state, 'exited');
    t.like(await written(), { state: 'exited', exit: { kind: 'exited', code: 3 } });
  });

test('one that its guest does not let go on is ended all the same', async (t) => {
  const { services, manager, container, record } = await running(t);
  await pauseContainer(services, container);
  Object.assign(container.sandbox ?? {}, { agent: () => Promise.reject(new Error('hangs')) });
  await stopContainer(services, manager, 'web');
  t.is(record.state, 'exited');
});
