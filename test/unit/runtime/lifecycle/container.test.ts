// SPDX-License-Identifier: Apache-2.0
// A container ends once, at the first report. Its record then describes that end.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { silentLog } from '../../../../toolstack/base/log.js';
import { Container } from '../../../../toolstack/runtime/lifecycle/container.js';
import { INIT_PROCESS } from '../../../../toolstack/sandbox/shim/execs.js';
import { RecordStore, type ContainerRecord } from '../../../../toolstack/runtime/store/record.js';
import type { Sandbox } from '../../../../toolstack/sandbox/sandbox.js';
import { containerRecord } from '../../../support/runtime/container-record.js';

async function started(t: ExecutionContext, change: Partial<ContainerRecord> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-container-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const store = new RecordStore(folder);
  const container = new Container(containerRecord(change), store, silentLog());
  let destroyed = 0;
  const destroy = () => Promise.resolve(void destroyed++);
  container.sandbox = { destroy } as unknown as Sandbox;
  await store.save(container.record);
  const path = join(folder, container.record.id, 'state.json');
  const written = async () => JSON.parse(await readFile(path, 'utf8')) as ContainerRecord;
  return { container, store, written, destroyed: () => destroyed };
}

test('the first news of the end counts', async (t) => {
  const { container } = await started(t);
  const { shimEvents } = container;
  shimEvents.onExit(INIT_PROCESS + 1, { kind: 'exited', code: 9 });
  shimEvents.onExit(INIT_PROCESS, { kind: 'exited', code: 3 });
  shimEvents.onLost('domain destroyed');
  shimEvents.onGone();
  t.deepEqual(await container.ended, { exit: { kind: 'exited', code: 3 } });
});

test('exclusive work comes one after the other, and others wait until it is done', async (t) => {
  const { container } = await started(t);
  const order: string[] = [];
  const first = container.exclusive(async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    order.push('first');
    throw new Error('failed');
  });
  const second = container.exclusive(() => Promise.resolve(void order.push('second')));
  const done = container.exclusiveDone().then(() => order.push('done'));
  await t.throwsAsync(first, { message: 'failed' });
  await Promise.all([second, done]);
  t.deepEqual(order, ['first', 'second', 'done']);
});

test('a lost guest, a killed shim and a reason of thawd’s own are ends too', async (t) => {
  const lost = (await started(t)).container;
  lost.shimEvents.onLost('domain destroyed');
  t.deepEqual(await lost.ended, { reason: 'domain destroyed' });
  const gone = (await started(t)).container;
  gone.shimEvents.onGone();
  t.true('reason' in (await gone.ended));
  const removed = (await started(t)).container;
  removed.lose('removed');
  t.deepEqual(await removed.ended, { reason: 'removed' });
});

test('at the end the sandbox goes and the status is written', async (t) => {
  const { container, written, destroyed } = await started(t);
  await container.finish({ exit: { kind: 'signaled', signal: 9 } });
  t.is(destroyed(), 1);
  t.is(container.sandbox, undefined);
  t.like(await written(), { state: 'exited', exit: { kind: 'signaled', signal: 9 } });
  t.true((await written()).finished !== undefined);
});

test('a lost container says why', async (t) => {
  const { container, written } = await started(t);
  await container.finish({ reason: 'domain destroyed' });
  t.like(await written(), { state: 'lost', reason: 'domain destroyed' });
});

test('a container that was --rm leaves nothing', async (t) => {
  const { container, store } = await started(t, { rm: true });
  await container.finish({ exit: { kind: 'exited', code: 0 } });
  t.deepEqual(await store.loadAll(silentLog()), []);
});

test('an end that cannot be written down rejects nothing', async (t) => {
  const { container } = await started(t);
  Object.assign(container.record, { id: '\0' });
  await t.notThrowsAsync(container.finish({ exit: { kind: 'exited', code: 0 } }));
});
