// SPDX-License-Identifier: Apache-2.0
// A record's folder is created at the first write, and again when it is missing. Each kind of record decides about unreadable ones.

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { silentLog } from '../../../../toolstack/base/log.js';
import { FolderStore } from '../../../../toolstack/runtime/store/folder-store.js';

interface Plain {
  key: string;
  word: string;
}

async function given(t: ExecutionContext, unreadable: 'remove' | 'aside', at?: string) {
  const folder = at ?? (await mkdtemp(join(tmpdir(), 'thaw-store-')));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const store = new FolderStore<Plain>(folder, {
    name: 'thing',
    file: 'thing.json',
    unreadable,
    keyOf: ({ key }) => key,
    lasts: ({ word }) => (word.startsWith('rests') ? 'this' : word === 'brief' ? 'none' : 'last'),
    files: ({ key }) => [join(folder, key, 'disk')],
    toJson: ({ key, word }) => ({ key, written: word }),
    fromJson: (written) => {
      const { key, written: word } = written as { key: string; written: string };
      return { key, word };
    },
  });
  return { folder, store };
}

test('a record is written in the words of its kind, also where its folder was removed meanwhile', async (t) => {
  const { folder, store } = await given(t, 'remove');
  const record = { key: 'k', word: 'up' };
  await store.save(record);
  await rm(join(folder, 'k'), { recursive: true });
  await store.save(record);
  const text = await readFile(join(folder, 'k', 'thing.json'), 'utf8');
  t.deepEqual(JSON.parse(text), { key: 'k', written: 'up' });
  await store.remove('k');
  t.deepEqual(await readdir(folder), []);
  await store.save(record);
  t.deepEqual(await store.loadAll(silentLog()), [record]);
});

test('a record that is torn falls back to the last one that was on disk', async (t) => {
  const { folder, store } = await given(t, 'aside');
  const path = join(folder, 'k', 'thing.json');
  await store.save({ key: 'k', word: 'rests one' });
  await writeFile(join(folder, 'k', 'disk'), 'made by the first start');
  await store.save({ key: 'k', word: 'rests two' });
  await store.save({ key: 'k', word: 'starts' });
  await store.save({ key: 'k', word: 'starts more' });
  t.deepEqual(await store.loadAll(silentLog()), [{ key: 'k', word: 'starts more' }]);
  for (const torn of ['', '{"key": "k", "wri']) {
    await writeFile(path, torn);
    t.deepEqual(await store.loadAll(silentLog()), [{ key: 'k', word: 'rests two' }]);
  }
  await rm(path);
  t.deepEqual(await store.loadAll(silentLog()), [], 'a removed record does not come back');
  t.deepEqual(await readdir(folder), []);
});

test('the next thawd falls back as well; a brief record that is empty is put aside only with files', async (t) => {
  const { folder, store } = await given(t, 'aside');
  await store.save({ key: 'k', word: 'rests' });
  for (const key of ['a', 'b']) {
    await store.save({ key, word: 'brief' });
    await writeFile(join(folder, key, 'thing.json'), '');
    await writeFile(join(folder, key, 'ctr.log'), 'said');
  }
  await writeFile(join(folder, 'a', 'thing.json.tmp-1-1'), '{');
  await writeFile(join(folder, 'b', 'disk'), 'written by a container');
  const { store: next } = await given(t, 'aside', folder);
  t.deepEqual(await next.loadAll(silentLog()), [{ key: 'k', word: 'rests' }]);
  await next.save({ key: 'k', word: 'brief' });
  await writeFile(join(folder, 'k', 'thing.json'), '');
  t.deepEqual(await next.loadAll(silentLog()), [{ key: 'k', word: 'rests' }]);
  t.deepEqual(await readdir(folder), ['k', 'unreadable-b']);
});

for (const [unreadable, left] of [
  ['remove', []],
  ['aside', ['unreadable-cut']],
] as const)
  test(`unreadable records: ${unreadable}`, async (t) => {
    const { folder, store } = await given(t, unreadable);
    await mkdir(join(folder, 'empty'));
    await mkdir(join(folder, 'cut'));
    await writeFile(join(folder, 'cut', 'thing.json'), '{');
    t.deepEqual(await store.loadAll(silentLog()), []);
    t.deepEqual(await readdir(folder), left);
  });
