// SPDX-License-Identifier: Apache-2.0
// A container's writable layer is a sparse file with an ext4, created once and kept.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { silentLog } from '../../../../toolstack/base/log.js';
import { noReserve, shortageError, type Reserve } from '../../../../toolstack/disk/index.js';
import { Undo } from '../../../../toolstack/base/undo.js';
import { copyDisk, removeCopy } from '../../../../toolstack/sandbox/snapshot/copy-disk.js';
import { Disks } from '../../../../toolstack/sandbox/devices/disks.js';
import { containerRecord } from '../../../support/runtime/container-record.js';

const MIB = 2 ** 20;

async function setUp(t: ExecutionContext, defaultBytes = 1024 * MIB) {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-disks-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const containers = join(folder, 'containers');
  return { folder, disks: new Disks(containers, join(folder, 'disks'), defaultBytes) };
}

const checked = (path: string) => execFileSync('e2fsck', ['-fn', path], { stdio: 'pipe' });
const used = (path: string) => statSync(path).blocks * 512;

test('it is a sound ext4 with a journal, and takes little room', async (t) => {
  const { disks } = await setUp(t);
  const disk = disks.of('one');
  await disks.ensure(disk);
  t.is(statSync(disk.path).size, 1024 * MIB);
  t.is(statSync(disk.path).mode & 0o777, 0o600);
  t.true(used(disk.path) < 16 * MIB, `${used(disk.path)} bytes`);
  t.notThrows(() => checked(disk.path));
  const features = execFileSync('dumpe2fs', ['-h', disk.path], { stdio: 'pipe' }).toString();
  t.regex(features, /has_journal/);
});

test('one of another size has that, also the smallest', async (t) => {
  const { disks } = await setUp(t);
  const disk = disks.of('small', 32 * MIB);
  await disks.ensure(disk);
  t.is(statSync(disk.path).size, 32 * MIB);
  t.notThrows(() => checked(disk.path));
});

test('one that is there is kept, unless it is to go on from another', async (t) => {
  const { disks, folder } = await setUp(t);
  const disk = disks.of('one');
  await disks.ensure(disk);
  writeFileSync(disk.path, 'its own');
  await disks.ensure(disk);
  t.is(readFileSync(disk.path, 'utf8'), 'its own');
  await disks.ensure(disk, disk.path);
  t.is(readFileSync(disk.path, 'utf8'), 'its own');
  const other = join(folder, 'other');
  writeFileSync(other, 'the other');
  await disks.ensure(disk, other);
  t.is(readFileSync(disk.path, 'utf8'), 'the other');
  t.is(readFileSync(other, 'utf8'), 'the other');
});

test('many at once get a copy of one empty file system, and what a killed thawd left is no obstacle', async (t) => {
  const { disks, folder } = await setUp(t);
  const all = ['a', 'b', 'c', 'd'].map((id) => disks.of(id));
  await disks.ensure(disks.of('z', 32 * MIB));
  writeFileSync(`${disks.of('z').path}.new`, 'half');
  await Promise.all(all.map((disk) => disks.ensure(disk)));
  for (const { path } of all) t.notThrows(() => checked(path));
  t.deepEqual(await readdir(join(folder, 'disks')), [`blank-${1024 * MIB}.ext4`]);
  await rm(disks.of('z').path);
  await disks.ensure(disks.of('z', 64 * MIB));
  t.is(statSync(disks.of('z').path).size, 64 * MIB);
});

test('what cannot be made has its code, and leaves nothing', async (t) => {
  const { disks, folder } = await setUp(t);
  const disk = disks.of('one');
  await t.throwsAsync(disks.ensure(disk, join(folder, 'nowhere')), { code: 'ERR_DISK' });
  t.false(existsSync(disk.path));
  await t.throwsAsync(disks.ensure(disks.of('tiny', 1024)), { code: 'ERR_DISK' });
  t.false(existsSync(disks.of('tiny').path));
});

test('the copy of a disk is on the undo stack, and gone when no clone needs it', async (t) => {
  const { disks, folder } = await setUp(t);
  const record = { ...containerRecord().sandbox, disk: disks.of('one') };
  const services = { copyFolder: join(folder, 'copies'), reserve: noReserve };
  const undo = new Undo(silentLog());
  t.is(await copyDisk(services, containerRecord().sandbox, undo), undefined);
  await t.throwsAsync(copyDisk(services, record, undo), { code: 'ERR_DISK' });
  await disks.ensure(record.disk);
  const first = await copyDisk(services, record, undo);
  t.is(statSync(first?.path ?? '').size, 1024 * MIB);
  t.true(used(first?.path ?? '') < 16 * MIB);
  await undo.run();
  t.deepEqual(await readdir(services.copyFolder), []);
  const second = await copyDisk(services, record, undo);
  await removeCopy(second);
  t.deepEqual(await readdir(services.copyFolder), []);
});

test('a disk without room for it refuses it, and nothing is left of it', async (t) => {
  const { folder } = await setUp(t);
  const asked: [string, number][] = [];
  let isFull = true;
  const reserve: Reserve = {
    ...noReserve,
    holding: (_folder, action, neededBytes, work) => {
      asked.push([action, neededBytes]);
      const shortage = { path: '/data', freeBytes: 1, reserveBytes: 2, neededBytes };
      return isFull ? Promise.reject(shortageError(action, shortage)) : work();
    },
  };
  const disks = new Disks(join(folder, 'containers'), join(folder, 'disks'), 64 * MIB, reserve);
  const disk = disks.of('one');
  await t.throwsAsync(disks.ensure(disk), { code: 'ERR_DISK_RESERVE' });
  t.deepEqual(await readdir(join(folder, 'containers', 'one')), []);
  const services = { copyFolder: join(folder, 'copies'), reserve };
  const record = { ...containerRecord().sandbox, disk };
  isFull = false;
  await disks.ensure(disk);
  isFull = true;
  await disks.ensure(disk);
  await t.throwsAsync(copyDisk(services, record, new Undo(silentLog())), {
    code: 'ERR_DISK_RESERVE',
  });
  t.deepEqual(await readdir(services.copyFolder), []);
  t.deepEqual(
    asked.map(([action]) => action.replace(/ of .*/, '')),
    ['make a writable layer', 'make a writable layer', 'copy the writable layer'],
    'one that is there is not asked for',
  );
  t.is(asked[0]?.[1], 16 * MIB);
});
