// SPDX-License-Identifier: Apache-2.0
// A container is created and started, and returns to its previous state when its start fails.

import test from 'ava';
import type { CreateOptions } from '../../../../toolstack/api/engine.js';
import { silentLog } from '../../../../toolstack/base/log.js';
import {
  attachTo,
  createContainer,
  startContainer,
} from '../../../../toolstack/runtime/create/run.js';
import { containerServices } from '../../../support/runtime/container-services.js';
import { fakeClient } from '../../../support/cli/fake-engine.js';
import { CREATE_OPTIONS } from '../../../support/runtime/create-options.js';
import { runningContainer } from '../../../support/runtime/running-container.js';

const options: CreateOptions = { ...CREATE_OPTIONS, env: ['OWN', 'A=1'], name: 'web' };
const alone = { attach: false, interactive: false };
const { client } = fakeClient({ env: { OWN: 'mine' } });

test('what is made is written down with all that it takes to start it', async (t) => {
  const { services, manager, records } = await containerServices(t);
  const id = await createContainer(services, manager, options, client);
  const [record] = await records.loadAll(silentLog());
  t.like(record, { id, name: 'web', state: 'created', imageId: 'sha256:cd', command: ['sh'] });
  t.deepEqual(record?.options?.env, ['OWN=mine', 'A=1']);
  t.is(services.sandbox.macs.size, 0);
  await t.throwsAsync(createContainer(services, manager, options, client), {
    code: 'ERR_CONTAINER_NAME',
  });
});

test('what cannot be made leaves nothing, and its name is free', async (t) => {
  const { services, manager, records } = await containerServices(t);
  const wrong = { ...options, capAdd: ['NIX'] };
  await t.throwsAsync(createContainer(services, manager, wrong, client), { message: /NIX/ });
  t.deepEqual(await records.loadAll(silentLog()), []);
  await createContainer(services, manager, options, client);
});

test('a start that fails leaves the container what it was', async (t) => {
  const { services, manager, records } = await containerServices(t, new Error('no template'));
  await createContainer(services, manager, options, client);
  for (let round = 0; round < 2; round++) {
    const starting = startContainer(services, manager, 'web', alone, client);
    t.is(manager.find('web').record.state, 'starting');
    await t.throwsAsync(starting, { message: 'no template' });
    t.like(manager.list(true)[0], { state: 'created' });
    t.like((await records.loadAll(silentLog()))[0], { state: 'created' });
  }
  t.is(services.sandbox.macs.size, 0);
});

test('two starts at once are one, and one that is refused or comes later', async (t) => {
  const { services, manager } = await containerServices(t, new Error('no template'));
  await createContainer(services, manager, options, client);
  const starts = [1, 2].map(() => startContainer(services, manager, 'web', alone, client));
  const codes = (await Promise.allSettled(starts)).map(({ status }) => status);
  t.deepEqual(codes, ['rejected', 'rejected']);
  t.like(manager.list(true)[0], { state: 'created' });
});

test('one that runs is left alone, or joined', async (t) => {
  const { services, manager, container } = await runningContainer(t);
  t.deepEqual(await startContainer(services, manager, 'web', alone, client), {
    joined: false,
    status: 0,
  });
  const joins: unknown[][] = [];
  const joining = fakeClient({ join: (...call) => Promise.resolve(void joins.push(call)) }).client;
  const attached = attachTo(container, { stdin: false }, joining);
  setImmediate(() => container.shimEvents.onExit(1, { kind: 'exited', code: 0 }));
  t.deepEqual(await attached, { joined: true });
  t.deepEqual(joins, [['/s', 1, 0]]);
  await t.throwsAsync(attachTo(container, { stdin: true }, joining), {
    code: 'ERR_CONTAINER_STATE',
  });
});

test('a copy of a container that ran cannot start again', async (t) => {
  const { services, manager, container } = await runningContainer(t);
  container.shimEvents.onExit(1, { kind: 'exited', code: 3 });
  await container.finished;
  const again = startContainer(services, manager, 'web', alone, client);
  await t.throwsAsync(again, { code: 'ERR_CONTAINER_STATE', message: /clone the original again/ });
  t.like(manager.list(true)[0], { state: 'exited', exitStatus: 3 });
});

test('what is refused gives its MAC and its address back', async (t) => {
  const { services, manager } = await containerServices(t);
  const { networks, macs } = services.sandbox;
  macs.add('02:00:00:00:00:07');
  for (const change of [
    { macAddress: '02:00:00:00:00:07' },
    { ip: '192.0.2.1' },
    { user: 'nobody' },
  ])
    await t.throwsAsync(createContainer(services, manager, { ...options, ...change }, client));
  await createContainer(services, manager, options, client);
  await t.throwsAsync(startContainer(services, manager, 'web', alone, client));
  t.deepEqual(networks.attachments('thaw'), []);
  t.deepEqual([...macs], ['02:00:00:00:00:07']);
});
