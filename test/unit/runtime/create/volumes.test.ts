// SPDX-License-Identifier: Apache-2.0
// An anonymous volume is removed with its last container. A named one stays, unmounted while no running container uses it.

import test from 'ava';
import type { CreateOptions } from '../../../../toolstack/api/engine.js';
import {
  dropVolumes,
  releaseHost,
  usersOf,
  volumesOf,
} from '../../../../toolstack/runtime/create/volumes.js';
import { containerRecord } from '../../../support/runtime/container-record.js';
import { containerServices } from '../../../support/runtime/container-services.js';

const withVolumes = (id: string, state: 'running' | 'exited', ...names: string[]) => {
  const mounts = names.map((source) => ({ type: 'volume', source, destination: `/${source}` }));
  return containerRecord({
    id: id as never,
    name: id,
    state,
    options: { mounts: [...mounts, { type: 'bind', source: '/srv' }] } as unknown as CreateOptions,
  });
};

test('its volumes are those that it names, not its binds', async (t) => {
  const { manager } = await containerServices(t);
  const record = withVolumes('a', 'running', 'x', 'y');
  t.deepEqual(volumesOf(record), ['x', 'y']);
  t.deepEqual(usersOf({ containers: [{ record }] }, 'x'), [record]);
  t.deepEqual(usersOf(manager, 'x'), []);
});

test('who goes takes along what nobody else has and nobody named', async (t) => {
  const { services } = await containerServices(t);
  const { volumes } = services;
  const [own, shared] = [(await volumes.create({})).name, (await volumes.create({})).name];
  await volumes.create({ name: 'named' });
  const [goes, stays] = [
    withVolumes('a', 'exited', own, shared, 'named', 'none'),
    withVolumes('b', 'running', shared),
  ];
  await dropVolumes(services, { containers: [{ record: goes }, { record: stays }] }, goes);
  t.deepEqual([volumes.has(own), volumes.has(shared), volumes.has('named')], [false, true, true]);
});

test('a container that ended holds no volume', async (t) => {
  const { services } = await containerServices(t);
  const released: string[] = [];
  const volumes = { release: (holder: string) => Promise.resolve(void released.push(holder)) };
  await releaseHost({ ...services, volumes: volumes as never }, withVolumes('a', 'exited', 'x'));
  t.deepEqual(released, ['a']);
});
