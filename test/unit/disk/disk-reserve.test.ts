// SPDX-License-Identifier: Apache-2.0
// Work that would take the reserve is refused before it begins, or ended while it is under way.

import test from 'ava';
import { sleep } from '../../../toolstack/base/deadline.js';
import { DiskReserve, NOTHING, noReserve } from '../../../toolstack/disk/index.js';
import { fakeDisks } from '../../support/disk/fake-disks.js';

const MIB = 2 ** 20;
const REFUSED = { code: 'ERR_DISK_RESERVE' };

function reserve(freeBytes: number, setting: { bytes: number } = { bytes: 100 * MIB }) {
  const disk = { path: '/data', freeBytes, totalBytes: 1000 * MIB };
  const other = { path: '/', freeBytes: 0, totalBytes: 1000 * MIB };
  const calls = fakeDisks([disk, other], ['/data/images']);
  const folders = [{ path: '/data/images', holds: 'images' }];
  return { disk, calls, reserve: new DiskReserve({ folders, setting, calls, lookMs: 5 }) };
}

test('what fits beside the reserve may come, all else is refused with what to do', async (t) => {
  const { disk, reserve: asked } = reserve(150 * MIB);
  await asked.check('/data/images/tmp', 'pull busybox');
  await asked.check('/data/images', 'pull busybox', 50 * MIB);
  await t.throwsAsync(asked.check('/data/images', 'pull busybox', 51 * MIB), {
    ...REFUSED,
    message:
      /^Cannot pull busybox: it takes 51 MiB, 150 MiB are free on the file system of \/data, and 100 MiB stay free for running containers; .*thaw image prune.*disk-reserve/,
  });
  disk.freeBytes = 99 * MIB;
  const error = await t.throwsAsync(asked.check('/data', 'pull busybox'), REFUSED);
  t.notRegex(error?.message ?? '', /it takes/);
});

test('a disk that has nothing of thaw’s, and a reserve that is off, refuse nothing', async (t) => {
  await t.notThrowsAsync(reserve(0).reserve.check('/home', 'write a checkpoint', 1));
  await t.notThrowsAsync(reserve(0, NOTHING as { bytes: number }).reserve.check('/data', 'x', 1));
  await t.notThrowsAsync(noReserve.check('/data', 'x', 1));
  t.is(await noReserve.holding('/data', 'x', 1, () => Promise.resolve(3)), 3);
  t.is(await noReserve.guarding('/data', 'x', undefined, () => Promise.resolve(4)), 4);
});

test('two do not get the same bytes', async (t) => {
  const { reserve: asked } = reserve(200 * MIB);
  let end = (): void => undefined;
  const first = asked.holding('/data', 'copy', 60 * MIB, () => new Promise<void>((r) => (end = r)));
  await sleep(10);
  await t.throwsAsync(
    asked.holding('/data', 'copy', 60 * MIB, () => Promise.resolve()),
    REFUSED,
  );
  end();
  await first;
  await asked.holding('/data', 'copy', 60 * MIB, () => Promise.resolve());
  await t.throwsAsync(
    asked.holding('/data', 'copy', 60 * MIB, () => Promise.reject(new Error('it failed'))),
    { message: 'it failed' },
  );
  await asked.holding('/data', 'copy', 100 * MIB, () => Promise.resolve());
});

test('work that reaches the reserve is ended, and the refusal waits until it has tidied up', async (t) => {
  const { disk, reserve: asked } = reserve(150 * MIB);
  let isTidy = false;
  const pull = asked.guarding('/data', 'pull big', undefined, async (signal) => {
    await sleep(10, signal);
    disk.freeBytes = 99 * MIB;
    try {
      await sleep(60_000, signal);
    } finally {
      await sleep(10);
      isTidy = true;
      disk.freeBytes = 150 * MIB;
    }
  });
  await t.throwsAsync(pull, { ...REFUSED, message: /Cannot pull big: 99 MiB are free/ });
  t.true(isTidy);
});

test('a caller’s own end, and a failure, stay what they are', async (t) => {
  const { calls, reserve: asked } = reserve(150 * MIB);
  const caller = new AbortController();
  const waits = asked.guarding('/data', 'pull', caller.signal, (signal) => sleep(60_000, signal));
  caller.abort(new Error('gone'));
  await t.throwsAsync(waits, { message: 'gone' });
  await t.throwsAsync(
    asked.guarding('/data', 'pull', undefined, () => Promise.reject(new Error('no'))),
    { message: 'no' },
  );
  const before = calls.calls;
  await sleep(30);
  t.is(calls.calls, before, 'nobody looks any more');
});

test('each filesystem is told with its reserve', async (t) => {
  const { reserve: asked } = reserve(150 * MIB);
  t.like(await asked.filesystems(), [
    { path: '/data', holds: ['images'], freeBytes: 150 * MIB, reserveBytes: 100 * MIB },
  ]);
});
