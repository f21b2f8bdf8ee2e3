// SPDX-License-Identifier: Apache-2.0
// A file is written completely or not at all. No temporary file is left beside it.

import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { writeAtomic } from '../../../toolstack/base/files.js';

async function folder(t: { teardown(fn: () => unknown): void }): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'thaw-files-'));
  t.teardown(() => rm(path, { recursive: true, force: true }));
  return path;
}

test('a file is made for root alone, and replaced, whether it lasts or not', async (t) => {
  const dir = await folder(t);
  const path = join(dir, 'state.json');
  await writeAtomic(path, 'one');
  t.is((await stat(path)).mode & 0o777, 0o600);
  await writeAtomic(path, 'two', { lasts: false });
  t.is(await readFile(path, 'utf8'), 'two');
  t.deepEqual(await readdir(dir), ['state.json']);
});

test('writers at once leave one text whole', async (t) => {
  const dir = await folder(t);
  const path = join(dir, 'state.json');
  const texts = Array.from({ length: 20 }, (_, i) => `${i}`.repeat(5000));
  await Promise.all(texts.map((text) => writeAtomic(path, text)));
  t.true(texts.includes(await readFile(path, 'utf8')));
  t.deepEqual(await readdir(dir), ['state.json']);
});

test('a failure leaves the old text and no temporary file', async (t) => {
  const dir = await folder(t);
  const path = join(dir, 'taken');
  await mkdir(path);
  await writeFile(join(path, 'old'), 'old');
  await t.throwsAsync(writeAtomic(path, 'new'));
  t.deepEqual(await readdir(dir), ['taken']);
  await t.throwsAsync(writeAtomic(join(dir, 'none', 'x'), 'new'), { code: 'ENOENT' });
});
