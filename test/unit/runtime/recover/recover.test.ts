// SPDX-License-Identifier: Apache-2.0
// Recovery after a killed thawd: each container is kept, finished or undone.

import { existsSync } from 'node:fs';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ApiType } from '../../../../toolstack/api/wire.js';
import { silentLog } from '../../../../toolstack/base/log.js';
import type { ContainerRecord } from '../../../../toolstack/runtime/store/record.js';
import { recover } from '../../../../toolstack/runtime/recover/recover.js';
import { newDomainUuid } from '../../../../toolstack/xen/uuid.js';
import { containerRecord } from '../../../support/runtime/container-record.js';
import { containerServices } from '../../../support/runtime/container-services.js';
import { FakeShim, sendStatus } from '../../../support/shim/fake-shim.js';

async function recovered(
  t: ExecutionContext,
  record: ContainerRecord,
  prepare: (host: Awaited<ReturnType<typeof containerServices>>) => unknown = () => undefined,
) {
  const host = await containerServices(t);
  await host.records.save(record);
  await prepare(host);
  await recover(host.services, host.manager);
  return host;
}

test('an ended container stays in the books, one that was --rm goes', async (t) => {
  const kept = await recovered(t, containerRecord({ state: 'exited' }));
  t.like(kept.manager.list(true), { 0: { name: 'web', state: 'exited' }, length: 1 });
  t.deepEqual(kept.swept, ['/layers', kept.services.sandbox.disks.folder]);
  const gone = await recovered(t, containerRecord({ state: 'lost', rm: true }));
  t.deepEqual(gone.manager.list(true), []);
  t.deepEqual(await gone.records.loadAll(silentLog()), []);
});

test('a half-made container goes, with its domain, though its number was not written down', async (t) => {
  const record = containerRecord({ state: 'creating' });
  const { manager, records, libxl } = await recovered(t, record, (host) =>
    host.libxl.add({ domid: 9, uuid: record.sandbox.uuid, name: 'web' }),
  );
  t.deepEqual([...libxl.domains.keys()], []);
  t.deepEqual(manager.list(true), []);
  t.deepEqual(await records.loadAll(silentLog()), []);
});

test('a running container whose shim wrote an exit and went has that exit', async (t) => {
  const record = containerRecord();
  const { manager, records } = await recovered(t, record, (host) =>
    writeFile(host.records.statusPath(record.id), 'exited 3\n'),
  );
  t.like(manager.list(true)[0], { state: 'exited', exitStatus: 3 });
  t.like((await records.loadAll(silentLog()))[0], { state: 'exited' });
});

test('a running container without a shim is lost, and its domain goes', async (t) => {
  const record = containerRecord();
  record.sandbox.domid = 9;
  const { manager, libxl } = await recovered(t, record, (host) =>
    host.libxl.add({ domid: 9, uuid: record.sandbox.uuid, name: 'web' }),
  );
  t.like(manager.list(true)[0], { state: 'lost' });
  t.deepEqual([...libxl.domains.keys()], []);
});

test("a domain of thaw's that no record names is destroyed, another's is not", async (t) => {
  const { libxl } = await recovered(t, containerRecord({ state: 'exited' }), (host) => {
    host.libxl.add({ domid: 3, uuid: newDomainUuid(), name: 'thaw-template-1' });
    host.libxl.add({ domid: 4, uuid: '00000000-0000-4000-8000-000000000000', name: 'mail' });
  });
  t.deepEqual([...libxl.domains.keys()], [4]);
});

test('a running --rm container without a shim is not in the books any more', async (t) => {
  const { manager } = await recovered(t, containerRecord({ rm: true }));
  t.deepEqual(manager.list(true), []);
});

test('one that never ran stays, and a start that was cut short is undone alone', async (t) => {
  const made = await recovered(t, containerRecord({ state: 'created' }));
  t.like(made.manager.list(true)[0], { state: 'created' });
  const exit = { kind: 'exited', code: 3 } as const;
  const record = containerRecord({ state: 'starting', exit });
  const { manager, records, libxl } = await recovered(t, record, (host) =>
    host.libxl.add({ domid: 9, uuid: record.sandbox.uuid, name: 'web' }),
  );
  t.deepEqual([...libxl.domains.keys()], []);
  t.like(manager.list(true)[0], { state: 'exited', exitStatus: 3 });
  t.like((await records.loadAll(silentLog()))[0], { state: 'exited' });
});

test('a start that thawd did not live to write down is known by what the shim wrote of its end', async (t) => {
  const record = containerRecord({ state: 'creating' });
  const { manager } = await recovered(t, record, (host) =>
    writeFile(host.records.statusPath(record.id), 'exited 3\n'),
  );
  t.like(manager.list(true)[0], { name: 'web', state: 'exited', exitStatus: 3 });
});

test('a removal that was begun is ended, with what nobody named and without what somebody keeps', async (t) => {
  for (const keepsVolumes of [false, true]) {
    const record = containerRecord({ state: 'removing', keepsVolumes });
    const { manager, records, services } = await recovered(t, record, async (host) => {
      const { name } = await host.services.volumes.ensure(undefined, record.id);
      await host.services.volumes.release(record.id);
      const mounts = [{ type: 'volume', source: name, destination: '/data' }] as never;
      await host.records.save({ ...record, options: { mounts } as never });
    });
    t.deepEqual(manager.list(true), []);
    t.deepEqual(await records.loadAll(silentLog()), []);
    t.deepEqual(
      services.volumes.list().map(({ madeFor }) => madeFor),
      keepsVolumes ? [undefined] : [],
    );
  }
});

test('a volume whose container was never written down goes, one that was kept stays', async (t) => {
  const { services } = await recovered(t, containerRecord({ state: 'exited' }), async (host) => {
    const { volumes } = host.services;
    await volumes.ensure(undefined, 'never');
    const { name } = await volumes.ensure(undefined, 'kept');
    await volumes.keep(name);
    await volumes.ensure('named', 'never');
    for (const holder of ['never', 'kept']) await volumes.release(holder);
  });
  t.deepEqual(
    services.volumes.list().map(({ isAnonymous }) => isAnonymous),
    services.volumes.list()[0]?.name === 'named' ? [false, true] : [true, false],
  );
});

test('a --rm container whose restart was cut short goes with its end as before', async (t) => {
  const ended = containerRecord({ state: 'exited', isRestarting: true });
  const { manager, records } = await recovered(t, ended);
  t.deepEqual(manager.list(true), []);
  t.deepEqual(await records.loadAll(silentLog()), []);
});

test('copies of disks that a killed thawd was making go', async (t) => {
  const { services } = await recovered(t, containerRecord({ state: 'exited' }), async (host) => {
    await mkdir(host.services.sandbox.copyFolder);
    await writeFile(join(host.services.sandbox.copyFolder, 'upper-1.ext4'), 'half');
  });
  await t.throwsAsync(readdir(services.sandbox.copyFolder), { code: 'ENOENT' });
});

test('of clones that were made together all are kept, or none', async (t) => {
  for (const [begun, states] of [
    [[1], []],
    [
      [1, 2],
      ['exited', 'exited'],
    ],
  ] as const) {
    const host = await containerServices(t);
    for (const number of [1, 2]) {
      const batch = { id: 'together', count: 2 };
      const record = containerRecord({ state: 'creating', name: `web-${number}`, batch });
      await host.records.save(record);
      if (begun.some((one) => one === number))
        await writeFile(host.records.statusPath(record.id), 'exited 3\n');
    }
    await recover(host.services, host.manager);
    t.deepEqual(
      host.manager.list(true).map(({ state }) => state),
      [...states],
    );
  }
});

test('what a start left that was not written down goes, the shim before the domain', async (t) => {
  const idle = containerRecord({ state: 'created' });
  const host = await containerServices(t);
  const folderOf = (id: string) => join(host.services.sandbox.runFolder, id);
  const shim = await FakeShim.start();
  t.teardown(() => shim.close());
  await mkdir(folderOf(idle.sandbox.id), { recursive: true });
  await symlink(shim.path, join(folderOf(idle.sandbox.id), 'shim.sock'));
  await host.records.save(idle);
  host.libxl.add({ domid: 9, uuid: newDomainUuid(), name: 'web' });
  const recovering = recover(host.services, host.manager);
  const peer = await shim.peer();
  t.truthy(await peer.nextOf(ApiType.QUIT));
  t.true(host.libxl.domains.has(9), 'its shim maps its memory');
  await shim.close();
  await recovering;
  t.false(host.libxl.domains.has(9));
  t.false(existsSync(folderOf(idle.sandbox.id)));
});

/** Recovers a container that thaw had paused, or was about to pause, with a shim that answers and a domain as `paused` says. */
async function recoveredDiskPause(
  t: ExecutionContext,
  state: 'running' | 'paused',
  paused: boolean,
) {
  const record = containerRecord({ state, diskPause: { path: '/data', since: 5 } });
  record.sandbox.domid = 9;
  const host = await containerServices(t);
  const folder = join(host.services.sandbox.runFolder, record.sandbox.id);
  const shim = await FakeShim.start();
  t.teardown(() => shim.close());
  await mkdir(folder, { recursive: true });
  await symlink(shim.path, join(folder, 'shim.sock'));
  host.libxl.add({ domid: 9, uuid: record.sandbox.uuid, name: 'web', paused });
  await host.records.save(record);
  const answering = (async () => {
    const peer = await shim.peer();
    for (let frame = await peer.next(); frame; frame = await peer.next())
      if (frame.type === ApiType.STATUS) sendStatus(peer, 'up');
  })();
  answering.catch(() => undefined);
  await recover(host.services, host.manager);
  const container = host.manager.find('web');
  await container.update({});
  const [written] = await host.records.loadAll(silentLog());
  const [listed] = host.manager.list(true);
  // The end of its shim is its own, which is written before the folder goes.
  await shim.close();
  await container.finished;
  return { listed, written };
}

test('one that thaw paused for want of disk space stays paused, and says why', async (t) => {
  for (const before of ['paused', 'running'] as const) {
    const { listed } = await recoveredDiskPause(t, before, true);
    t.like(listed, { state: 'paused', pausedBy: 'the file system of /data is nearly full' });
  }
});

test('one that thaw was about to pause, or had just resumed, runs', async (t) => {
  for (const before of ['paused', 'running'] as const) {
    const { listed, written } = await recoveredDiskPause(t, before, false);
    t.like(listed, { state: 'running', pausedBy: undefined });
    t.is(written?.diskPause, undefined);
  }
});
