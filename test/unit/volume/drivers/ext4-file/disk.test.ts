// SPDX-License-Identifier: Apache-2.0
// What a tool says about a filesystem that it cannot make is what the user reads.

import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ext4Driver } from '../../../../../toolstack/volume/drivers/ext4-file/disk.js';

test('a filesystem is a sparse file; one that is there is not overwritten', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'thaw-disk-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'disk.ext4');
  await ext4Driver.make(path, 64 * 2 ** 20);
  const { size, blocks } = statSync(path);
  t.is(size, 64 * 2 ** 20);
  t.true(blocks * 512 < 16 * 2 ** 20);
  await t.throwsAsync(ext4Driver.make(path, 2 ** 20), { code: 'EEXIST' });
});

test('what cannot be mounted is an error with the reason', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'thaw-disk-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'none'), 'no filesystem');
  const mounting = ext4Driver.mount(join(folder, 'none'), join(folder, 'mounted'));
  await t.throwsAsync(mounting, { code: 'ERR_VOLUME_DISK', message: /Cannot mount .*none: mount/ });
  await ext4Driver.unmount(join(folder, 'mounted'));
});
