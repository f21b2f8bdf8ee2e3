// SPDX-License-Identifier: Apache-2.0
// A container that thaw pauses for want of disk space: what its record, its list entry and Xen say, and who may resume it.

import test, { type ExecutionContext } from 'ava';
import { silentLog } from '../../../../toolstack/base/log.js';
import { shortageError } from '../../../../toolstack/disk/index.js';
import { containerGuest } from '../../../../toolstack/runtime/disk-watch/container-guest.js';
import { inspectContainer } from '../../../../toolstack/runtime/inspect/inspect.js';
import { stopContainer } from '../../../../toolstack/runtime/lifecycle/stop.js';
import { noticePauses } from '../../../../toolstack/runtime/pause/detect.js';
import { pauseContainer, unpauseContainer } from '../../../../toolstack/runtime/pause/pause.js';
import type { ContainerRecord } from '../../../../toolstack/runtime/store/record.js';
import { runningContainer } from '../../../support/runtime/running-container.js';

const REASON = { path: '/data', since: 5 };

async function given(t: ExecutionContext, change: Partial<ContainerRecord> = {}) {
  const all = await runningContainer(t, change);
  const { record, services, container, libxl } = all;
  libxl.add({ domid: 9, uuid: record.sandbox.uuid, name: 'web' });
  const told: string[] = [];
  services.events.listen(({ action, reason = '' }) => void told.push(`${action} ${reason}`.trim()));
  const guest = () => {
    const found = containerGuest(services, container);
    if (!found) throw new Error('It is no guest');
    return found;
  };
  const written = async () => (await all.records.loadAll(silentLog()))[0];
  const full = (): void => {
    services.sandbox.reserve.check = (path, action) =>
      Promise.reject(
        shortageError(action, { path, freeBytes: 1, reserveBytes: 2, neededBytes: 0 }),
      );
  };
  return { ...all, guest, told, written, full };
}

test('its record, its list entry, an event and inspect say why it is paused', async (t) => {
  const { services, manager, record, records, guest, told, written, libxl } = await given(t);
  t.like(guest(), { runs: true, diskPause: undefined, domid: 9, label: 'container web' });
  t.true(await guest().hold(REASON));
  t.true(libxl.domains.get(9)?.paused);
  t.like(await written(), { state: 'paused', diskPause: REASON });
  t.like(manager.list(true)[0], {
    state: 'paused',
    pausedBy: 'the file system of /data is nearly full',
  });
  t.is(inspectContainer(record, records).State.PausedBy, 'the file system of /data is nearly full');
  t.like(guest(), { runs: false, diskPause: REASON });
  t.true(await guest().release());
  t.false(libxl.domains.get(9)?.paused);
  t.is((await written())?.diskPause, undefined);
  t.is(inspectContainer(record, records).State.PausedBy, undefined);
  t.deepEqual(told, ['pause the file system of /data is nearly full', 'unpause']);
  t.false(await guest().release(), 'there is nothing to undo');
  void services;
});

test('a pause of the user is never undone, and neither is one of xl', async (t) => {
  const { services, container, record, guest, libxl } = await given(t);
  await pauseContainer(services, container);
  t.false(await guest().hold(REASON));
  t.false(await guest().release());
  t.is(record.state, 'paused');
  await unpauseContainer(services, container);
  // xl paused it, and no list has noticed.
  libxl.add({ domid: 9, uuid: record.sandbox.uuid, name: 'web', paused: true });
  t.false(await guest().hold(REASON));
  t.is(record.diskPause, undefined);
});

test('thaw pause makes it the user’s own pause', async (t) => {
  const { services, container, record, guest, written } = await given(t);
  await guest().hold(REASON);
  await pauseContainer(services, container);
  t.is((await written())?.diskPause, undefined);
  t.false(await guest().release());
  t.is(record.state, 'paused');
  await t.throwsAsync(pauseContainer(services, container), { code: 'ERR_CONTAINER_STATE' });
});

test('a user resumes it only where there is room, and may stop it at any time', async (t) => {
  const { services, manager, container, record, guest, full } = await given(t);
  await guest().hold(REASON);
  await unpauseContainer(services, container);
  t.deepEqual([record.state, record.diskPause], ['running', undefined]);
  await guest().hold(REASON);
  full();
  await t.throwsAsync(unpauseContainer(services, container), {
    code: 'ERR_DISK_RESERVE',
    message: /Cannot unpause container "web"/,
  });
  t.is(record.state, 'paused');
  await stopContainer(services, manager, 'web');
  t.deepEqual([record.state, record.diskPause], ['exited', undefined]);
});

test('xl that resumes it has the last word', async (t) => {
  const { services, container, record, guest, libxl } = await given(t);
  await guest().hold(REASON);
  libxl.add({ domid: 9, uuid: record.sandbox.uuid, name: 'web', paused: false });
  await noticePauses(services, [container]);
  t.deepEqual([record.state, record.diskPause], ['running', undefined]);
});

test('xl’s own pause beside thaw’s stays', async (t) => {
  const { services, record, guest, libxl, container } = await given(t);
  await guest().hold(REASON);
  libxl.xcDomainUnpause = () => Promise.resolve();
  t.false(await guest().release());
  t.deepEqual([record.state, record.diskPause], ['paused', undefined]);
  void [services, container];
});

test('one that Xen does not pause runs on, and says nothing else', async (t) => {
  const { record, guest, libxl, written } = await given(t);
  libxl.domainPause = () => Promise.reject(new Error('no'));
  await t.throwsAsync(guest().hold(REASON), { message: 'no' });
  t.is(record.state, 'running');
  t.is((await written())?.diskPause, undefined);
});

test('it writes to its disk, its log, its shares and its volumes', async (t) => {
  const mounts = [{ type: 'volume', source: 'db', destination: '/db', readOnly: false }];
  const { record, records, services, guest } = await given(t, {
    options: { mounts } as ContainerRecord['options'] & object,
  });
  record.sandbox.disk = { path: '/d/upper.ext4', bytes: 1 };
  record.sandbox.files = [
    { path: '/srv', readOnly: false },
    { path: '/etc', readOnly: true },
    { path: '/run/thaw/volumes/db/_data', readOnly: false },
  ] as ContainerRecord['sandbox']['files'] & object;
  t.deepEqual(guest().files, ['/d/upper.ext4']);
  t.deepEqual(guest().folders, [
    records.logPath(record.id).replace(/\/[^/]+$/, ''),
    '/srv',
    services.volumes.folder,
  ]);
});

test('one in a pod, and one that has ended, are no guests of their own', async (t) => {
  const { services, container, record } = await given(t);
  record.pod = { id: 'p', name: 'shop' };
  t.is(containerGuest(services, container), undefined);
  delete record.pod;
  container.lose('gone');
  await container.finished;
  t.is(containerGuest(services, container), undefined);
});
