// SPDX-License-Identifier: Apache-2.0
// An update changes the running container and later starts, or neither. The next thawd finishes an update that a killed one began.

import test, { type ExecutionContext } from 'ava';
import { AgentType } from '../../../../toolstack/agent/wire.js';
import type { CreateOptions } from '../../../../toolstack/api/engine.js';
import { ThawError } from '../../../../toolstack/base/errors.js';
import { decodeFields, encodeFields } from '../../../../toolstack/base/frame.js';
import { silentLog } from '../../../../toolstack/base/log.js';
import { Container } from '../../../../toolstack/runtime/lifecycle/container.js';
import type { ContainerRecord } from '../../../../toolstack/runtime/store/record.js';
import { finishUpdate } from '../../../../toolstack/runtime/resize/update-running.js';
import { updateContainer } from '../../../../toolstack/runtime/resize/update.js';
import { containerRecord } from '../../../support/runtime/container-record.js';
import { CREATE_OPTIONS } from '../../../support/runtime/create-options.js';
import { containerServices } from '../../../support/runtime/container-services.js';
import { runningContainer } from '../../../support/runtime/running-container.js';

const OPTIONS: CreateOptions = {
  ...CREATE_OPTIONS,
};

/** A running container without a frozen image. Its agent refuses the requests in `refuses` and answers the rest. */
async function running(
  t: ExecutionContext,
  change: Partial<ContainerRecord> = {},
  refuses: (type: number) => Error | undefined = () => undefined,
) {
  const all = await runningContainer(t, { options: OPTIONS, ...change });
  const { services, container, libxl, record } = all;
  Object.assign(services, { frozen: { list: () => [] } });
  record.sandbox.maxVcpus = 2;
  libxl.domainInfo = () => Promise.resolve({ currentMemKib: 0 } as never);
  const asked: unknown[] = [];
  const link = {
    request(type: number, payload: Buffer) {
      const error = refuses(type);
      if (type === AgentType.LIMIT) asked.push(decodeFields(payload, 5).slice(1, 4).map(String));
      if (type === AgentType.RESIZE && payload.readUInt32LE(8) > 0)
        asked.push(payload.readUInt32LE(8));
      if (error) return Promise.reject(error);
      const meminfo = encodeFields(['', '', '', '', '', 'MemAvailable: 40000 kB\n']);
      return Promise.resolve(type === AgentType.STATS ? meminfo : Buffer.alloc(24));
    },
  };
  Object.assign(container.sandbox ?? {}, {
    record: record.sandbox,
    gone: new AbortController().signal,
    grown: Promise.resolve(),
    written: () => Promise.resolve(),
    agent: () => Promise.resolve(link),
  });
  const written = async () => (await all.records.loadAll(silentLog()))[0];
  return { ...all, asked, written };
}

test('one that runs has them at once, and it is written down, and told', async (t) => {
  const { services, manager, record, asked, written } = await running(t);
  const told: string[] = [];
  services.events.listen(({ action }) => told.push(action));
  const change = { memoryBytes: 40 * 2 ** 20, cpus: 1.5, pidsLimit: 9 };
  t.is(await updateContainer(services, manager, 'web', change), record.id);
  t.deepEqual(asked, [['150000 100000', '9', ''], 2, ['', '', 'max']]);
  const now = await written();
  t.like(now, { cpus: 1.5, options: { ...OPTIONS, ...change }, isUpdating: undefined });
  t.like(now?.sandbox, { vcpus: 2, memoryKib: 40 * 1024 });
  t.deepEqual(told, ['update']);
});

test('two at once both count, and what is not named stays', async (t) => {
  const { services, manager, record, asked } = await running(t);
  await Promise.all([
    updateContainer(services, manager, 'web', { memoryBytes: 40 * 2 ** 20 }),
    updateContainer(services, manager, 'web', { pidsLimit: 9 }),
    updateContainer(services, manager, 'web', { cpus: 0.5 }),
  ]);
  t.like(record.options, { memoryBytes: 40 * 2 ** 20, pidsLimit: 9, cpus: 0.5 });
  t.like(record.sandbox, { memoryKib: 40 * 1024, vcpus: 1 });
  t.deepEqual(asked, [
    ['', '', 'max'],
    ['', '9', ''],
    ['50000 100000', '', ''],
  ]);
});

test('a restart policy asks nothing of the guest, also of one that is paused', async (t) => {
  const { services, manager, asked, written } = await running(t, { state: 'paused' });
  const restart = { name: 'always', retries: 0 } as const;
  await updateContainer(services, manager, 'web', { restart });
  t.deepEqual(asked, []);
  t.like(await written(), { options: { restart } });
  await t.throwsAsync(updateContainer(services, manager, 'web', { pidsLimit: 5 }), {
    code: 'ERR_CONTAINER_STATE',
  });
});

test('what is refused last takes back what came before it', async (t) => {
  const { services, manager, asked, written, record } = await running(t);
  services.sandbox.budget.reserve = () => Promise.reject(new ThawError('ERR_MEMORY', 'none'));
  const change = { memoryBytes: 128 * 2 ** 20, cpus: 2, pidsLimit: 5 };
  await t.throwsAsync(updateContainer(services, manager, 'web', change), { code: 'ERR_MEMORY' });
  t.deepEqual(asked, [['max 100000', '5', ''], 2, 1, ['max 100000', '2048', 'max']]);
  t.deepEqual(await written(), JSON.parse(JSON.stringify(record)));
  t.like(record, { cpus: 1, options: OPTIONS, isUpdating: undefined });
  t.like(record.sandbox, { vcpus: 1, memoryKib: 64 * 1024 });
});

test('with less memory than a domain needs it is limited within one, once that is smaller', async (t) => {
  const { services, manager, asked, record } = await running(t);
  await updateContainer(services, manager, 'web', { memoryBytes: 16 * 2 ** 20 });
  t.deepEqual(asked, [['', '', String(16 * 2 ** 20)]]);
  t.is(record.memoryBytes, 16 * 2 ** 20);
  t.is(record.sandbox.memoryKib, 32 * 1024);
  await updateContainer(services, manager, 'web', { pidsLimit: 7 });
  t.is(record.memoryBytes, 16 * 2 ** 20);
  await updateContainer(services, manager, 'web', { memoryBytes: 64 * 2 ** 20 });
  t.deepEqual(asked.slice(1), [
    ['', '7', ''],
    ['', '', 'max'],
  ]);
  t.is(record.memoryBytes, undefined);
});

test('a limit of its cgroup that fails gives back what its domain had', async (t) => {
  let limits = 0;
  const { services, manager, record, asked } = await running(t, {}, (type) =>
    type === AgentType.LIMIT && ++limits === 2 ? new ThawError('ERR_AGENT', 'none') : undefined,
  );
  const change = { memoryBytes: 40 * 2 ** 20, pidsLimit: 5 };
  await t.throwsAsync(updateContainer(services, manager, 'web', change), { message: 'none' });
  t.deepEqual(asked.at(-1), ['', '2048', 'max']);
  t.is(record.sandbox.memoryKib, 64 * 1024);
});

test('more vCPUs than its domain has wait for its next start', async (t) => {
  const { services, manager, asked, record } = await running(t);
  await t.throwsAsync(updateContainer(services, manager, 'web', { cpus: 3 }), {
    code: 'ERR_USAGE',
    message: /made for 2; end it/,
  });
  t.deepEqual(asked, []);
  t.is(record.cpus, 1);
});

test('what no container can have is refused before anything is asked', async (t) => {
  const { services, manager, asked } = await running(t);
  for (const change of [{ memoryBytes: 2 ** 20 }, { cpus: 0 }, { cpus: 99 }])
    await t.throwsAsync(updateContainer(services, manager, 'web', change), { code: 'ERR_USAGE' });
  await t.throwsAsync(updateContainer(services, manager, 'none', { cpus: 1 }), {
    code: 'ERR_CONTAINER_NOT_FOUND',
  });
  t.deepEqual(asked, []);
});

test('one that does not run has them when it starts', async (t) => {
  const { services, manager, records } = await containerServices(t);
  Object.assign(services, { frozen: { list: () => [] } });
  const record = containerRecord({ state: 'created', options: OPTIONS });
  manager.add(new Container(record, records, silentLog()));
  const change = { memoryBytes: 2 ** 27, cpus: 3, pidsLimit: 7 };
  await updateContainer(services, manager, 'web', change);
  const [written] = await records.loadAll(silentLog());
  t.like(written, { cpus: 3, options: { ...OPTIONS, ...change } });
  t.like(written?.sandbox, { vcpus: 3, memoryKib: 2 ** 17 });
  Object.assign(record, { state: 'removing' });
  await t.throwsAsync(updateContainer(services, manager, 'web', change), {
    code: 'ERR_CONTAINER_STATE',
  });
});

test('in a pod all of it is its cgroup’s, within what the pod’s domain has', async (t) => {
  const { services, manager, asked, written, record } = await running(t);
  record.pod = { id: 'p', name: 'shop' };
  const pod = { record: { name: 'shop', options: { memoryBytes: 2 ** 28, cpus: 2 } } };
  Object.assign(services, { pods: { find: () => pod } });
  const change = { memoryBytes: 2 ** 24, cpus: 2, pidsLimit: 9 };
  await updateContainer(services, manager, 'web', change);
  t.deepEqual(asked, [['200000 100000', '9', '16777216']]);
  const now = await written();
  t.like(now, { cpus: 2, options: change });
  t.like(now?.sandbox, { memoryKib: 2 ** 14, vcpus: 1 });
  for (const more of [{ memoryBytes: 2 ** 29 }, { cpus: 3 }, { cpus: 0 }])
    await t.throwsAsync(updateContainer(services, manager, 'web', more), { code: 'ERR_USAGE' });
  t.is(asked.length, 1);
  record.isUpdating = true;
  await finishUpdate(services, manager.find('web'));
  t.deepEqual(asked[1], asked[0]);
});

test('a copy of one that ran keeps its number of processes, and has no policy', async (t) => {
  const { services, manager, record, written } = await running(t);
  delete record.options;
  await updateContainer(services, manager, 'web', { pidsLimit: 12 });
  t.like(await written(), { pidsLimit: 12, options: undefined });
  const restart = { name: 'always', retries: 0 } as const;
  await t.throwsAsync(updateContainer(services, manager, 'web', { restart }), {
    code: 'ERR_USAGE',
  });
});

test('what was fixed when it was frozen stays', async (t) => {
  const { services, manager, record, asked } = await running(t);
  record.options = { ...OPTIONS, frozen: 'web' };
  await t.throwsAsync(updateContainer(services, manager, 'web', { pidsLimit: 12 }), {
    code: 'ERR_USAGE',
  });
  const plan = { kind: 'container', name: 'web', vcpus: 1, shape: { type: 'pvh', vcpus: 2 } };
  Object.assign(services, { frozen: { list: () => [plan] } });
  await t.throwsAsync(updateContainer(services, manager, 'web', { cpus: 2 }), {
    code: 'ERR_USAGE',
    message: /it was frozen with 1/,
  });
  t.deepEqual(asked, []);
});

test('the next thawd gives back what an update had changed that did not end', async (t) => {
  const whole = await running(t);
  await finishUpdate(whole.services, whole.container);
  t.deepEqual(whole.asked, []);
  const { services, container, asked, written } = await running(t, { isUpdating: true, cpus: 0.5 });
  await finishUpdate(services, container);
  t.deepEqual(asked, [['50000 100000', '2048', 'max'], 1]);
  t.is((await written())?.isUpdating, undefined);
  const silent = await running(
    t,
    { isUpdating: true },
    () => new ThawError('ERR_AGENT_TIMEOUT', ''),
  );
  await t.notThrowsAsync(finishUpdate(silent.services, silent.container));
});
