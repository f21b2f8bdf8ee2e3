// SPDX-License-Identifier: Apache-2.0
// The manager refuses requests with a code, and leaves nothing of them behind.

import test from 'ava';
import type { RunOptions } from '../../../../toolstack/api/engine.js';
import { asDomid } from '../../../../toolstack/base/ids.js';
import { silentLog } from '../../../../toolstack/base/log.js';
import { Container } from '../../../../toolstack/runtime/lifecycle/container.js';
import { runContainer } from '../../../../toolstack/runtime/create/run.js';
import type { Sandbox } from '../../../../toolstack/sandbox/sandbox.js';
import { onDomainDeath } from '../../../../toolstack/xen/death-watch.js';
import { killContainer } from '../../../../toolstack/runtime/lifecycle/signal.js';
import { containerRecord } from '../../../support/runtime/container-record.js';
import { CREATE_OPTIONS } from '../../../support/runtime/create-options.js';
import { containerServices } from '../../../support/runtime/container-services.js';
import { fakeClient } from '../../../support/cli/fake-engine.js';

const options: RunOptions = {
  ...CREATE_OPTIONS,
  rm: true,
  detach: false,
};
const { client } = fakeClient();

test('a run that fails leaves no container, no record and no name in use', async (t) => {
  const { manager, records, services } = await containerServices(t);
  const wrong: [Partial<RunOptions>, string | undefined][] = [
    [{ name: 'a b' }, 'ERR_USAGE'],
    [{ memoryBytes: 1 }, 'ERR_USAGE'],
    [{ cpus: 99 }, 'ERR_USAGE'],
    [{ image: 'none' }, 'ERR_IMAGE_NOT_FOUND'],
    [{ user: 'nobody' }, 'ERR_IMAGE_USER'],
    [{}, undefined],
  ];
  for (const [change, code] of wrong) {
    const running = runContainer(services, manager, { ...options, name: 'web', ...change }, client);
    await t.throwsAsync(running, code === undefined ? { message: 'no template' } : { code });
    t.deepEqual(manager.list(true), []);
    t.deepEqual(await records.loadAll(silentLog()), []);
  }
});

test('a name is refused while another run has it, and while a container has it', async (t) => {
  const { manager, services, records } = await containerServices(t);
  const first = runContainer(services, manager, { ...options, name: 'web' }, client);
  await t.throwsAsync(runContainer(services, manager, { ...options, name: 'web' }, client), {
    code: 'ERR_CONTAINER_NAME',
  });
  await t.throwsAsync(first, { message: 'no template' });
  manager.add(new Container(containerRecord({ state: 'exited' }), records, services.log));
  await t.throwsAsync(runContainer(services, manager, { ...options, name: 'web' }, client), {
    code: 'ERR_CONTAINER_NAME',
  });
});

async function withContainers(t: Parameters<typeof containerServices>[0]) {
  const all = await containerServices(t);
  for (const [name, state] of [
    ['ended', 'exited'],
    ['up', 'running'],
    ['half', 'creating'],
  ] as const) {
    const record = containerRecord({ name, state, created: name.length });
    await all.records.save(record);
    all.manager.add(new Container(record, all.records, all.services.log));
  }
  return all;
}

test('a list has the running ones, or all, the newest first', async (t) => {
  const { manager } = await withContainers(t);
  t.deepEqual(
    manager.list(false).map(({ name }) => name),
    ['half', 'up'],
  );
  t.is(manager.list(true).length, 3);
});

test('what does not run cannot be signalled', async (t) => {
  const { manager, services } = await withContainers(t);
  for (const name of ['ended', 'half', 'up'])
    t.throws(
      () => killContainer(services, manager.find(name), 15),
      { code: 'ERR_CONTAINER_STATE' },
      name,
    );
});

test('an ended container is removed, a running one only by force, a half-made one not at all', async (t) => {
  const { manager, records } = await withContainers(t);
  await manager.remove('ended', false);
  await t.throwsAsync(manager.remove('ended', false), { code: 'ERR_CONTAINER_NOT_FOUND' });
  await t.throwsAsync(manager.remove('up', false), { code: 'ERR_CONTAINER_STATE' });
  await t.throwsAsync(manager.remove('half', true), { code: 'ERR_CONTAINER_STATE' });
  t.is((await records.loadAll(silentLog())).length, 2);
});

test('an image is in use as long as a container of it is in the books', async (t) => {
  const { manager } = await withContainers(t);
  t.true(manager.usesImage('sha256:00'));
  t.false(manager.usesImage('sha256:11'));
});

test('a domain that is suspended has not ended; watched anew, its crash is heard', async (t) => {
  const { manager, records, services, libxl } = await containerServices(t);
  const container = new Container(containerRecord(), records, services.log);
  const { host } = services.sandbox;
  container.sandbox = {
    onDeath: (listener: Parameters<Sandbox['onDeath']>[0]) =>
      onDomainDeath(host, asDomid(9), listener),
    destroy: () => Promise.resolve(),
  } as unknown as Sandbox;
  manager.watchOver(container);
  libxl.die(9, { type: 'domain_shutdown', domid: 9, shutdownReason: 'suspend' });
  container.watchAgain();
  t.is(libxl.openWatches, 1);
  libxl.die(9, { type: 'domain_shutdown', domid: 9, shutdownReason: 'crash' });
  const ending = await container.ended;
  t.regex('reason' in ending ? ending.reason : '', /its domain crashed/);
  await container.finished;
  t.is(libxl.openWatches, 0);
  container.watchAgain();
  t.is(libxl.openWatches, 0);
});
