// SPDX-License-Identifier: Apache-2.0
// Disks have the numbers and names that Xen's interface and Linux give them.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { diskDevid, diskName, readOnlyDisk, writableDisk } from '../../../toolstack/xen/vbd.js';

test('numbers are those of xen-vbd-interface', (t) => {
  t.is(diskDevid(0), 51712);
  t.is(diskDevid(1), 51728);
  t.is(diskDevid(15), 51952);
  t.is(diskDevid(16), 268439552);
  t.is(diskDevid(63), 268451584);
});

test('no two disks have the same number', (t) => {
  const numbers = Array.from({ length: 200 }, (_, i) => diskDevid(i));
  t.is(new Set(numbers).size, 200);
});

test('names go on after z as letters in a spreadsheet do', (t) => {
  const names: [number, string][] = [
    [0, 'xvda'],
    [25, 'xvdz'],
    [26, 'xvdaa'],
    [51, 'xvdaz'],
    [52, 'xvdba'],
    [701, 'xvdzz'],
    [702, 'xvdaaa'],
  ];
  for (const [index, name] of names) t.is(diskName(index), name);
});

test('what is no block device is refused', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-vbd-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'file'), '');
  await t.throwsAsync(readOnlyDisk(join(folder, 'file'), 0), { code: 'ERR_XEN_VBD' });
  await t.throwsAsync(readOnlyDisk('/dev/null', 0), { code: 'ERR_XEN_VBD' });
  await t.throwsAsync(writableDisk('/dev/null', 0), { code: 'ERR_XEN_VBD' });
  await t.throwsAsync(readOnlyDisk(join(folder, 'none'), 0), { code: 'ENOENT' });
});
