// SPDX-License-Identifier: Apache-2.0
// The folder of a checkpoint has one fid snapshot, and is whole only with the memory that belongs to it.

import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import {
  isWhole,
  MEMORY_FILE,
  newFiles,
  removeOthers,
  type CheckpointFolder,
} from '../../../../../toolstack/frontends/oci/verbs/checkpoint-folder.js';

async function made(t: ExecutionContext): Promise<CheckpointFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-stash-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const files = newFiles(folder);
  await writeFile(join(folder, files.stash), 'what was open');
  return files;
}

test('without the memory’s file nothing is whole', async (t) => {
  const files = await made(t);
  t.false(await isWhole(files));
  await writeFile(join(files.folder, MEMORY_FILE), 'thaw checkpoint\n and no more');
  t.false(await isWhole(files));
});

test('fid snapshots of earlier checkpoints are removed, and no other file', async (t) => {
  const files = await made(t);
  const { folder, stash } = files;
  t.not(newFiles(folder).stash, stash);
  for (const name of [newFiles(folder).stash, 'files-x.img', MEMORY_FILE])
    await writeFile(join(folder, name), '');
  await removeOthers(files);
  t.deepEqual((await readdir(folder)).sort(), [stash, 'files-x.img', MEMORY_FILE].sort());
});
