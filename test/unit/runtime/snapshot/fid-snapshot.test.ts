// SPDX-License-Identifier: Apache-2.0
// A checkpoint is valid only with all of its files.

import { mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { checkFids, sealFids } from '../../../../toolstack/runtime/snapshot/fid-snapshot.js';

const NAME = `files-${'0a'.repeat(8)}.img`;

async function folder(t: ExecutionContext): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'thaw-stash-'));
  t.teardown(() => rm(made, { recursive: true }));
  await writeFile(join(made, NAME), 'what was open');
  return made;
}

test('one that is as it was written is found', async (t) => {
  const at = await folder(t);
  const saved = await sealFids(join(at, NAME));
  t.like(saved, { file: NAME, bytes: 13 });
  t.is(await checkFids(at, saved), join(at, NAME));
});

test('another one, none, and a way to another are refused', async (t) => {
  const at = await folder(t);
  const saved = await sealFids(join(at, NAME));
  const refused = (): Promise<unknown> =>
    t.throwsAsync(checkFids(at, saved), {
      code: 'ERR_CHECKPOINT_DAMAGED',
      message: new RegExp(NAME),
    });
  await writeFile(join(at, NAME), 'what is open?');
  await refused();
  await writeFile(join(at, NAME), 'what was open and more');
  await refused();
  await writeFile(join(at, 'other'), 'what was open');
  await rm(join(at, NAME));
  await refused();
  await symlink('other', join(at, NAME));
  await refused();
  await rename(join(at, 'other'), join(at, NAME));
  await t.notThrowsAsync(checkFids(at, saved));
});
