// SPDX-License-Identifier: Apache-2.0
// A copy takes the written blocks of a sparse file, or nothing where files share blocks.

import { mkdtemp, open, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { bytesToCopy } from '../../../toolstack/disk/copies.js';

test('holes take nothing, and the trial leaves nothing', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-copies-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const file = await open(join(folder, 'disk'), 'wx');
  await file.truncate(2 ** 30);
  await file.write(Buffer.alloc(2 ** 20, 1));
  await file.close();
  const bytes = await bytesToCopy(join(folder, 'disk'), folder);
  t.true([0, (await stat(join(folder, 'disk'))).blocks * 512].includes(bytes), `${bytes}`);
  t.deepEqual(await readdir(folder), ['disk']);
});
