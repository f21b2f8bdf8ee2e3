// SPDX-License-Identifier: Apache-2.0
// A container ends once its checkpoint is complete, and continues if it fails. A restore creates a new container, or nothing.

import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import type { RestoreOptions } from '../../../../toolstack/api/engine.js';
import { CheckpointFile } from '../../../../toolstack/checkpoint/index.js';
import { checkpointContainer } from '../../../../toolstack/runtime/snapshot/checkpoint.js';
import { shortageError } from '../../../../toolstack/disk/index.js';
import { Container } from '../../../../toolstack/runtime/lifecycle/container.js';
import { restoreContainer } from '../../../../toolstack/runtime/snapshot/restore.js';
import { stopContainer } from '../../../../toolstack/runtime/lifecycle/stop.js';
import type { Image } from '../../../../toolstack/image/index.js';
import { MemoryBudget } from '../../../../toolstack/sandbox/size/memory-budget.js';
import { DIGEST } from '../../../support/runtime/checkpoint-header.js';
import { TRAITS } from '../../../support/runtime/container-services.js';
import { copiedSandbox } from '../../../support/runtime/copied-sandbox.js';
import { fakeClient } from '../../../support/cli/fake-engine.js';

/** A running container and its image, on a host that cannot make clones. */
async function running(
  t: ExecutionContext,
  failure: Parameters<typeof copiedSandbox>[1] = {},
  inMemory = false,
) {
  const all = await copiedSandbox(t, failure);
  const { services, manager, records, record, log } = all;
  const folder = await mkdtemp(join(tmpdir(), 'thaw-checkpoint-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const erofsPath = join(folder, 'a.erofs');
  await writeFile(erofsPath, 'layer');
  const image = { id: DIGEST, layers: [{ diffId: DIGEST, erofsPath, bytes: 5 }] };
  const images = [image as unknown as Image];
  services.images.list = () => Promise.resolve(images);
  Object.assign(record, { imageId: DIGEST, image: 'busybox:latest', stopSignal: 3 });
  Object.assign(record.sandbox, { layers: [erofsPath], inMemory });
  record.process = {
    args: ['sh'],
    env: ['A=1', 'HOSTNAME=host'],
    cwd: '/',
    user: { uid: 1, gid: 1, additionalGids: [] },
  };
  const disk = services.sandbox.disks.of(record.id, 2 ** 26);
  await records.makeFolder(record.id);
  await writeFile(disk.path, 'written');
  if (!inMemory) record.sandbox.disk = disk;
  const container = new Container(record, records, services.log);
  container.sandbox = all.sandbox;
  Object.assign(all.sandbox, {
    writeBack: () => Promise.resolve(void log.push('write back')),
    onDeath: () => ({ close: () => undefined }),
    destroy: () => Promise.resolve(void log.push('destroy')),
  });
  manager.watchOver(container);
  const templates: unknown[] = [];
  Object.assign(services.sandbox, {
    engine: {
      clone: (template: object) => {
        templates.push(template);
        return Promise.reject(new Error('no clone'));
      },
      forget: (template: unknown) => void log.push(`forget ${templates.indexOf(template)}`),
    },
  });
  const noLoop = (): Promise<string> => Promise.reject(new Error('no loop device'));
  Object.assign(services.sandbox.loops, { acquire: noLoop });
  const { client } = fakeClient({ cwd: folder });
  const file = join(folder, 'web.ckpt');
  const checkpoint = (leavesRunning = false): Promise<void> =>
    checkpointContainer(services, container, { path: 'web.ckpt', leavesRunning }, client);
  const restore = (options: Partial<RestoreOptions> = {}): Promise<string> =>
    restoreContainer(services, manager, { path: 'web.ckpt', ...options }, client);
  const told: string[] = [];
  services.events.listen(({ action }) => told.push(action));
  return {
    ...all,
    folder,
    container,
    templates,
    client,
    file,
    checkpoint,
    restore,
    images,
    told,
    image,
    erofsPath,
  };
}

test('it stands still until its file is whole, and has ended then', async (t) => {
  const { checkpoint, file, record, records, services, log, told } = await running(t);
  await checkpoint();
  t.deepEqual(log, ['write back', 'hold', 'pause', 'suspend', 'destroy']);
  const end = { kind: 'exited', code: 0 } as const;
  t.like(record, { state: 'exited', exit: end, isStopped: true });
  t.like((await records.loadAll(services.log))[0], { state: 'exited', exit: end });
  t.deepEqual(told.sort(), ['checkpoint', 'died']);
  const opened = await CheckpointFile.open(file, 'x');
  await opened.close();
  const { container, domain, host, layers, disk } = opened.header;
  t.deepEqual(host, TRAITS);
  t.like(container, { name: 'web', hostname: 'host', imageId: DIGEST, stopSignal: 3, ports: [] });
  t.deepEqual(container?.process, record.process);
  t.like(domain, { memoryKib: 98304, vcpus: 1, memTotalKib: 90_000, inMemory: false });
  t.like(layers[0], { diffId: DIGEST, erofs: { bytes: 5 } });
  t.like(disk, { bytes: 2 ** 26 });
});

test('left running it goes on before the file is written', async (t) => {
  const { checkpoint, file, record, log, folder, services } = await running(t);
  await checkpoint(true);
  t.deepEqual(log, ['hold', 'pause', 'suspend', 'resume', 'wake', 'up']);
  t.is(record.state, 'running');
  await (await CheckpointFile.open(file, 'x')).close();
  t.deepEqual((await readdir(folder)).sort(), ['a.erofs', 'web.ckpt']);
  t.deepEqual(await readdir(services.sandbox.copyFolder), []);
});

test('when anything fails it goes on, and there is no file', async (t) => {
  for (const step of ['pause', 'suspend'] as const)
    for (const leavesRunning of [false, true]) {
      const { checkpoint, record, log, folder } = await running(t, { [step]: new Error(step) });
      await t.throwsAsync(checkpoint(leavesRunning), { message: step });
      t.deepEqual(log.slice(-2), ['wake', 'up']);
      t.is(record.state, 'running');
      t.deepEqual(await readdir(folder), ['a.erofs']);
    }
  const { checkpoint, record, log, folder, file, container } = await running(t);
  await writeFile(file, 'before');
  // Its disk is a folder: reading it fails during the freeze.
  record.sandbox.disk = { path: folder, bytes: 1 };
  await t.throwsAsync(checkpoint(), { code: 'ERR_CHECKPOINT_FILE' });
  t.deepEqual(log.slice(-3), ['resume', 'wake', 'up']);
  t.is(record.state, 'running');
  t.is(await readFile(file, 'utf8'), 'before');
  t.deepEqual((await readdir(folder)).sort(), ['a.erofs', 'web.ckpt']);
  t.false(container.ownSandbox?.isOver ?? false);
});

test('what cannot be written, or whose image is gone, has not stood still', async (t) => {
  const { services, container, client, folder, checkpoint, images, log } = await running(t);
  const options = { path: join('none', 'x'), leavesRunning: false };
  await t.throwsAsync(checkpointContainer(services, container, options, client), {
    code: 'ERR_CHECKPOINT_FILE',
  });
  images.pop();
  await t.throwsAsync(checkpoint(), { code: 'ERR_IMAGE_NOT_FOUND' });
  Object.assign(container.record, { state: 'paused' });
  await t.throwsAsync(checkpoint(), { code: 'ERR_CONTAINER_STATE', message: /it is paused/ });
  t.deepEqual(log, []);
  t.deepEqual(await readdir(folder), ['a.erofs']);
});

test('who stops it meanwhile waits until it can hear that', async (t) => {
  const { checkpoint, services, manager, record, log } = await running(t);
  const writing = checkpoint();
  while (!log.includes('hold')) await turn();
  await stopContainer(services, manager, 'web');
  t.like(record, { state: 'exited', exit: { kind: 'exited', code: 0 } });
  await writing;
});

test('where no clone can be made nothing is left of what was to be restored', async (t) => {
  const { checkpoint, restore, manager, services, records, templates, log, record } = await running(
    t,
    {},
    true,
  );
  await checkpoint();
  await t.throwsAsync(restore(), { code: 'ERR_CONTAINER_NAME' });
  await t.throwsAsync(restore({ name: 'again' }), { message: 'no clone' });
  t.like(templates[0], {
    shape: { type: 'pvh', vcpus: 1, memoryKib: 98304 },
    running: { disks: [], vcpus: 1 },
  });
  t.is(log.at(-1), 'forget 0');
  t.deepEqual(
    manager.list(true).map(({ name }) => name),
    ['web'],
  );
  t.deepEqual(
    (await records.loadAll(services.log)).map(({ id }) => id),
    [record.id],
  );
  t.is(manager.reserveName('again'), 'again');
  t.is(services.sandbox.macs.size, 0);
});

test('it has its disk as it was written, before any domain; that goes with it', async (t) => {
  const { checkpoint, restore, manager, services, erofsPath } = await running(t);
  await checkpoint(true);
  await manager.remove('web', true);
  const { loops, disks } = services.sandbox;
  const found: unknown[] = [];
  loops.acquire = async (layer) => {
    const [container] = manager.containers;
    const { name, hostname, disk } = container?.record.sandbox ?? {};
    const text = (await readFile(disk?.path ?? '')).subarray(0, 7).toString();
    found.push([name, hostname, layer, text, (await stat(disk?.path ?? '')).size]);
    throw new Error('no loop device');
  };
  await t.throwsAsync(restore(), { message: 'no loop device' });
  // A restore under the original name keeps the old hostname as well.
  t.deepEqual(found, [['web', 'host', erofsPath, 'written', 2 ** 26]]);
  await t.throwsAsync(restore({ name: 'two' }), { message: 'no loop device' });
  t.notDeepEqual((found[1] as string[])[1], 'host');
  t.deepEqual(await readdir(disks.folder), []);
});

test('another host, another or no image, no memory: each is refused before anything is made', async (t) => {
  const { checkpoint, restore, services, images, image, templates, erofsPath, client } =
    await running(t);
  await checkpoint();
  const refused = async (code: string, message: RegExp): Promise<void> => {
    await t.throwsAsync(restore({ name: 'again' }), { code, message });
  };
  services.sandbox.templates.traits = () => Promise.resolve({ ...TRAITS, xen: '4.21' });
  await refused(
    'ERR_CHECKPOINT_HOST',
    /web\.ckpt on this host: Xen was 4\.20\.0 debian and is 4\.21/,
  );
  services.sandbox.templates.traits = () => Promise.resolve(TRAITS);
  await writeFile(erofsPath, 'LAYER');
  await refused('ERR_CHECKPOINT_HOST', /the layers of image cdcdcdcdcdcd differ/);
  await writeFile(erofsPath, 'layer');
  image.layers[0] = { diffId: `sha256:${'00'.repeat(32)}`, erofsPath, bytes: 5 };
  await refused('ERR_CHECKPOINT_HOST', /the layers of image/);
  images.pop();
  await refused(
    'ERR_IMAGE_NOT_FOUND',
    /its image cdcdcdcdcdcd is not here; .*thaw pull busybox:latest/,
  );
  services.sandbox.budget = new MemoryBudget(() => Promise.resolve(1024));
  await refused('ERR_MEMORY', /./);
  await t.throwsAsync(restoreContainer(services, {} as never, { path: 'none' }, client), {
    code: 'ERR_CHECKPOINT_FILE',
  });
  t.deepEqual(templates, []);
});

test('a disk without room refuses it before it stands still, and restores as well', async (t) => {
  const { checkpoint, restore, services, record, log, folder } = await running(t);
  await checkpoint(true);
  log.length = 0;
  const refuse = (path: string, action: string): Promise<never> =>
    Promise.reject(shortageError(action, { path, freeBytes: 1, reserveBytes: 2, neededBytes: 0 }));
  services.sandbox.reserve.check = refuse;
  services.sandbox.reserve.holding = refuse;
  await t.throwsAsync(checkpoint(), { code: 'ERR_DISK_RESERVE', message: /^Cannot write a/ });
  t.deepEqual([record.state, log], ['running', []]);
  await t.throwsAsync(restore({ name: 'again' }), { code: 'ERR_DISK_RESERVE' });
  t.deepEqual((await readdir(folder)).sort(), ['a.erofs', 'web.ckpt']);
});

test('a disk that fills meanwhile ends the write, and the container goes on', async (t) => {
  for (const leavesRunning of [false, true]) {
    const { checkpoint, services, record, log, folder } = await running(t);
    services.sandbox.reserve.guarding = async (path, action, _signal, work) => {
      const shortage = { path, freeBytes: 1, reserveBytes: 2, neededBytes: 0 };
      const refusal = shortageError(action, shortage);
      await work(AbortSignal.abort(refusal)).catch(() => undefined);
      throw refusal;
    };
    await t.throwsAsync(checkpoint(leavesRunning), { code: 'ERR_DISK_RESERVE' });
    t.deepEqual(log.slice(-3), ['resume', 'wake', 'up']);
    t.is(record.state, 'running');
    t.deepEqual(await readdir(folder), ['a.erofs']);
  }
});
