// SPDX-License-Identifier: Apache-2.0
// Each volume has one driver. Records of earlier versions of thaw, which named none, are read.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { VolumeDrivers } from '../../../../toolstack/volume/drivers/registry.js';
import { readRecord } from '../../../../toolstack/volume/record.js';
import { fakeDiskTools } from '../../../support/runtime/fake-disk-tools.js';

function drivers(folder = '/none') {
  const folderOf = (name: string) => join(folder, name);
  return new VolumeDrivers({ folderOf, mounts: join(folder, 'mounted'), tools: fakeDiskTools() });
}

test('a volume with a size is a filesystem, another a folder', (t) => {
  t.is(drivers().for({ name: 'a' }).name, 'folder');
  t.is(drivers().for({ name: 'a', sizeBytes: 2 ** 20 }).name, 'ext4-file');
  t.falsy(drivers().of({ driver: 'folder' }).mounts);
  t.truthy(drivers().of({ driver: 'ext4-file' }).mounts);
  t.false(drivers().has({ driver: 'later' }));
  t.throws(() => drivers().of({ driver: 'later' }), { message: /"later"/ });
});

test('an old record has the driver that its size says', (t) => {
  const old = { name: 'a', labels: {}, isAnonymous: false, created: 5 };
  t.deepEqual(readRecord(JSON.stringify(old)), { ...old, driver: 'folder' });
  const sized = { ...old, sizeBytes: 2 ** 20 };
  const read = readRecord(JSON.stringify(sized));
  t.deepEqual(read, { ...sized, driver: 'ext4-file' });
  t.deepEqual(readRecord(JSON.stringify(read)), read);
});

test('a volume takes up what its files do', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'thaw-volume-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const record = { name: 'a', driver: 'folder', labels: {}, isAnonymous: false, created: 0 };
  const driver = drivers(folder).of(record);
  mkdirSync(join(folder, 'a'));
  await driver.create(record);
  t.is(driver.pathOf(record), join(folder, 'a/_data'));
  const empty = await driver.usage(record);
  writeFileSync(join(driver.pathOf(record), 'file'), Buffer.alloc(2 ** 20, 1));
  t.true((await driver.usage(record)) - empty >= 2 ** 20);
});
