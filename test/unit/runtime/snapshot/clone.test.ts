// SPDX-License-Identifier: Apache-2.0
// Clones are created all or none, under reserved names, and refused when memory is short.

import { writeFile } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import type { CloneOptions } from '../../../../toolstack/api/engine.js';
import { cloneContainer } from '../../../../toolstack/runtime/snapshot/clone.js';
import { shortageError } from '../../../../toolstack/disk/index.js';
import { Container } from '../../../../toolstack/runtime/lifecycle/container.js';
import { MemoryBudget } from '../../../../toolstack/sandbox/size/memory-budget.js';
import { copiedSandbox } from '../../../support/runtime/copied-sandbox.js';
import { fakeClient } from '../../../support/cli/fake-engine.js';

/** A running container on a host where the n-th clone fails. */
async function running(t: ExecutionContext) {
  const all = await copiedSandbox(t);
  const { services, manager, records, record } = all;
  const source = new Container(record, records, services.log);
  source.sandbox = all.sandbox;
  manager.add(source);
  const made: string[] = [];
  const forgotten: unknown[] = [];
  Object.assign(services.sandbox, {
    engine: {
      clone: (_template: unknown, { name }: { name: string }) => {
        made.push(name);
        return Promise.reject(new Error('no clone'));
      },
      forget: (template: unknown) => void forgotten.push(template),
    },
  });
  const { client } = fakeClient();
  const clone = (options: Partial<CloneOptions> = {}) =>
    cloneContainer(services, manager, source, { count: 1, rm: false, ...options }, client);
  return { ...all, source, clone, made, forgotten };
}

test('when one cannot be made there is none, its name is free, and the original goes on', async (t) => {
  const { clone, made, forgotten, manager, log, services, records } = await running(t);
  await t.throwsAsync(clone({ count: 2, name: 'twin' }), { message: 'no clone' });
  t.deepEqual(made, ['twin-1']);
  t.is(log.at(-1), 'up');
  t.is(forgotten.length, 1);
  t.deepEqual(
    manager.list(true).map(({ name }) => name),
    ['web'],
  );
  t.is(services.sandbox.macs.size, 0);
  t.deepEqual(await records.loadAll(services.log), []);
  t.is(manager.reserveName('twin-2'), 'twin-2');
});

test('one clone has the name that is given, or an invented one', async (t) => {
  const { clone, made } = await running(t);
  await t.throwsAsync(clone({ name: 'mine' }), { message: 'no clone' });
  t.is(made[0], 'mine');
});

test('a name that is taken, a wrong number and a host without memory are refused before it stands still', async (t) => {
  const { clone, log, services, manager } = await running(t);
  await t.throwsAsync(clone({ name: 'web' }), { code: 'ERR_CONTAINER_NAME' });
  await t.throwsAsync(clone({ count: 0 }), { code: 'ERR_USAGE' });
  await t.throwsAsync(clone({ count: 101 }), { code: 'ERR_USAGE' });
  services.sandbox.budget = new MemoryBudget(() => Promise.resolve(3 * 65536));
  await t.throwsAsync(clone({ count: 3, name: 'many' }), { code: 'ERR_MEMORY' });
  t.is(manager.reserveName('many-1'), 'many-1');
  t.deepEqual(log, []);
});

test('a disk without room for the clones refuses them before the original stands still', async (t) => {
  const { clone, log, services, records, record } = await running(t);
  const disk = services.sandbox.disks.of(record.id, 2 ** 26);
  await records.makeFolder(record.id);
  await writeFile(disk.path, 'written');
  record.sandbox.disk = disk;
  services.sandbox.reserve.check = (path, action, neededBytes = 0) =>
    Promise.reject(shortageError(action, { path, freeBytes: 1, reserveBytes: 2, neededBytes }));
  await t.throwsAsync(clone({ count: 3, name: 'many' }), {
    code: 'ERR_DISK_RESERVE',
    message: /^Cannot clone container "web"/,
  });
  t.deepEqual(log, []);
});
