// SPDX-License-Identifier: Apache-2.0

import test from 'ava';
import {
  createPod,
  podStatus,
  removePod,
  startPod,
} from '../../../../toolstack/runtime/pod/verbs.js';
import { createContainer } from '../../../../toolstack/runtime/create/run.js';
import { planMember } from '../../../../toolstack/runtime/create/plan-member.js';
import { usersOf, volumesOf } from '../../../../toolstack/runtime/create/volumes.js';
import { NULL_CLIENT } from '../../../../toolstack/runtime/exec/null-client.js';
import { containerServices } from '../../../support/runtime/container-services.js';

const POD = { labels: {}, share: ['ipc', 'net', 'uts'] as const, exitPolicy: 'continue' as const };
const CONTAINER = {
  image: 'busybox',
  command: ['true'],
  rm: false,
  interactive: false,
  tty: false,
  env: [],
  pull: 'missing' as const,
  tlsVerify: true,
};

test('its status is podman’s, its domain being the infra container', (t) => {
  const of = (state: 'running' | 'exited' | 'created' | 'paused', isStill = false) => ({
    state,
    isStill,
  });
  t.is(podStatus('created', []), 'Created');
  t.is(podStatus('running', []), 'Running');
  t.is(podStatus('running', [of('running'), of('running')]), 'Running');
  t.is(podStatus('running', [of('running'), of('exited')]), 'Degraded');
  t.is(podStatus('running', [of('created')]), 'Degraded');
  t.is(podStatus('running', [of('paused', true)]), 'Degraded');
  t.is(podStatus('exited', [of('exited')]), 'Exited');
  t.is(podStatus('paused', [of('paused')]), 'Paused');
  t.is(podStatus('running', [of('paused'), of('exited')]), 'Paused', 'xl did it');
});

test('pods and containers have one set of names', async (t) => {
  const { services, manager } = await containerServices(t);
  const wish = { ...POD, share: [...POD.share], name: 'shop' };
  await createPod(services, manager, wish);
  await t.throwsAsync(createPod(services, manager, wish), { code: 'ERR_CONTAINER_NAME' });
  await t.throwsAsync(
    createContainer(services, manager, { ...CONTAINER, name: 'shop' }, NULL_CLIENT),
    {
      code: 'ERR_CONTAINER_NAME',
      message: /a pod has it/,
    },
  );
});

test('a container in it keeps its pod, and goes with it', async (t) => {
  const { services, manager } = await containerServices(t);
  await createPod(services, manager, { ...POD, share: [...POD.share], name: 'shop' });
  const id = await createContainer(services, manager, { ...CONTAINER, pod: 'shop' }, NULL_CLIENT);
  t.is(manager.find(id).record.pod?.name, 'shop');
  await removePod(services, manager, 'shop', false);
  t.deepEqual([...manager.containers], []);
  t.throws(() => services.pods.find('shop'), { code: 'ERR_POD_NOT_FOUND' });
});

test('one that is removed while a container is on its way into it has no domain any more', async (t) => {
  const { services, manager } = await containerServices(t, new Error('no template'));
  await createPod(services, manager, { ...POD, share: [...POD.share], name: 'shop' });
  const pod = services.pods.find('shop');
  await removePod(services, manager, 'shop', false);
  await t.throwsAsync(pod.up(), { code: 'ERR_POD_NOT_FOUND' });
});

test('a domain that cannot be made leaves the pod as it was', async (t) => {
  const { services, manager } = await containerServices(t, new Error('no template'));
  await createPod(services, manager, { ...POD, share: [...POD.share], name: 'shop' });
  await t.throwsAsync(startPod(services, manager, 'shop', NULL_CLIENT), { message: 'no template' });
  t.is(services.pods.find('shop').record.state, 'created');
  t.is(services.sandbox.macs.size, 0, 'its MAC is free');
});

test('what only a domain of its own can have is refused by name', async (t) => {
  const { services, manager } = await containerServices(t);
  await createPod(services, manager, { ...POD, share: [...POD.share], name: 'shop' });
  const devices = [{ source: '/dev/loop9', destination: '/dev/loop9', access: 'r' }];
  for (const [wish, message] of [
    [{ devices }, /Cannot use --device \/dev\/loop9 in pod "shop"/],
    [{ frozen: 'warm' }, /Cannot use --frozen warm/],
    [{ memoryBytes: 2 ** 40 }, /Cannot use --memory/],
    [{ cpus: 9 }, /Cannot use --cpus 9/],
  ] as const) {
    const options = { ...CONTAINER, ...wish, pod: 'shop' } as Parameters<typeof createContainer>[2];
    await t.throwsAsync(createContainer(services, manager, options, NULL_CLIENT), { message });
  }
});

test('volumes of a container in it are in use, and what nobody named goes with it', async (t) => {
  const { services, manager } = await containerServices(t);
  await createPod(services, manager, { ...POD, share: [...POD.share], name: 'shop' });
  const { record: pod } = services.pods.find('shop');
  const wish = { type: 'volume' as const, readOnly: false, options: [] };
  const mounts = [
    { ...wish, source: 'db', destination: '/db' },
    { ...wish, source: '', destination: '/cache' },
  ];
  const options = { ...CONTAINER, mounts, name: 'web', pod: 'shop' };
  const id = await createContainer(services, manager, options, NULL_CLIENT);
  const { record } = manager.find(id);
  t.is(record.options?.pod, pod.id, 'whatever its pod is called later');
  const [, cache = ''] = volumesOf(record);
  t.deepEqual([...usersOf(manager, 'db'), ...usersOf(manager, cache)], [record, record]);
  t.false(services.volumes.isHeld('db'), 'it does not run');
  await manager.remove(id, false, true);
  t.deepEqual(
    services.volumes.list().map(({ name }) => name),
    ['db'],
  );
});

test('its process is bound to what comes over its own device', async (t) => {
  const { services, manager } = await containerServices(t);
  await createPod(services, manager, { ...POD, share: [...POD.share], name: 'shop' });
  const mounts = [
    { type: 'bind' as const, source: '/etc/hostname', destination: '/name', options: [] },
  ].map((mount) => ({ ...mount, readOnly: true }));
  const options = { ...CONTAINER, mounts, name: 'web', pod: 'shop' };
  const { record } = manager.find(await createContainer(services, manager, options, NULL_CLIENT));
  const [image] = await services.images.list();
  if (!image) return t.fail('There is an image');
  const { config } = planMember(services.pods.find('shop'), record, image, NULL_CLIENT, 3);
  const bound = (JSON.parse(config) as { mounts: { destination: string; source: string }[] })
    .mounts;
  t.is(
    bound.find(({ destination }) => destination === '/name')?.source,
    '/run/thaw/files/thaw-3/0',
  );
  t.deepEqual(record.sandbox.files, [{ name: '0', path: '/etc/hostname', readOnly: true }]);
});
