// SPDX-License-Identifier: Apache-2.0
// Errors of ext4 tools include the tool's own message.

import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ext4Tools } from '../../../../../toolstack/volume/drivers/ext4-file/tools.js';

test('a filesystem is a sparse file; an existing file is not overwritten', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'thaw-disk-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'disk.ext4');
  await ext4Tools.make(path, 64 * 2 ** 20);
  const { size, blocks } = statSync(path);
  t.is(size, 64 * 2 ** 20);
  t.true(blocks * 512 < 16 * 2 ** 20);
  await t.throwsAsync(ext4Tools.make(path, 2 ** 20), { code: 'EEXIST' });
});

test('a file that cannot be mounted is an error with the reason', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'thaw-disk-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'none'), 'no filesystem');
  const mounting = ext4Tools.mount(join(folder, 'none'), join(folder, 'mounted'));
  await t.throwsAsync(mounting, { code: 'ERR_VOLUME_DISK', message: /Cannot mount .*none: mount/ });
  await ext4Tools.unmount(join(folder, 'mounted'));
});
