// SPDX-License-Identifier: Apache-2.0
// A folder's listing has each entry exactly once, in parts of any size, from any offset.

import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { NinepClient, scratch } from '../../support/ninep/client.js';

test('20 000 files are listed exactly once, in parts', async (t) => {
  t.timeout(240_000);
  const dir = scratch(t);
  for (let i = 0; i < 20_000; i++) writeFileSync(join(dir, `file-${i}`), '');
  const client = await NinepClient.start(t, dir);
  const root = await client.attach();
  for (const count of [65536, 5000]) {
    const names = (await client.list(root, count)).map(({ name }) => name);
    t.is(names.length, 20_000);
    t.is(new Set(names).size, 20_000);
  }
});

for (const length of [1, 4, 12, 20, 100, 255])
  test(`names of ${length} bytes fill a part without being lost`, async (t) => {
    const dir = scratch(t);
    const names = Array.from({ length: 60 }, (_, i) =>
      String.fromCharCode(65 + i).padEnd(length, '-'),
    ).filter((name) => !/[\\/.]/.test(name.charAt(0)));
    for (const name of names) writeFileSync(join(dir, name), '');
    const client = await NinepClient.start(t, dir, { msize: 4096 });
    const root = await client.attach();
    for (const count of [0xffffffff, 4096, 700, 350])
      t.deepEqual(
        (await client.list(root, count)).map(({ name }) => name).sort(),
        [...names].sort(),
      );
  });

test('a part that is too small for the next name is refused', async (t) => {
  const dir = scratch(t);
  writeFileSync(join(dir, 'n'.repeat(200)), '');
  const client = await NinepClient.start(t, dir);
  const fid = await client.lopen(await client.attach());
  for (const count of [0, 1, 23])
    await t.throwsAsync(client.readdir(fid, 0n, count), { code: 'EINVAL' });
  const small = async (): Promise<void> => {
    let offset = 0n;
    for (;;) offset = (await client.readdir(fid, offset, 60)).at(-1)?.offset ?? offset;
  };
  await t.throwsAsync(small(), { code: 'EINVAL' });
  // The entry is not lost.
  const all = await client.readdir(fid, 0n);
  t.is(all.length, 3);
});

test('reading goes on anywhere, and begins anew', async (t) => {
  const dir = scratch(t);
  for (let i = 0; i < 100; i++) writeFileSync(join(dir, `file-${i}`), '');
  const client = await NinepClient.start(t, dir);
  const fid = await client.lopen(await client.attach());
  const all = await client.readdir(fid);
  t.is(all.length, 102);
  for (const at of [50, 3, 98, 0, 51]) {
    const rest = await client.readdir(fid, all[at]?.offset ?? -1n);
    t.deepEqual(
      rest.map(({ name }) => name),
      all.slice(at + 1).map(({ name }) => name),
    );
  }
  writeFileSync(join(dir, 'new'), '');
  t.is((await client.readdir(fid)).length, 103);
  t.deepEqual(await client.readdir(fid, all.at(-1)?.offset ?? 0n), []);
  await t.throwsAsync(client.readdir(fid, 1n << 63n), { code: 'EINVAL' });
  // The host decides about an offset that never existed; the next reading is correct again.
  await client.readdir(fid, (1n << 63n) - 1n).catch(() => undefined);
  t.is((await client.readdir(fid)).length, 103);
});

test('types and numbers are those that a walk finds; what is above the root is the root', async (t) => {
  const dir = scratch(t);
  mkdirSync(join(dir, 'export/folder'), { recursive: true });
  writeFileSync(join(dir, 'export/file'), '');
  symlinkSync('file', join(dir, 'export/link'));
  const client = await NinepClient.start(t, join(dir, 'export'));
  const root = await client.attach();
  const { qid } = await client.getattr(root);
  const entries = await client.readdir(await client.lopen(await client.walk(root)));
  for (const entry of entries) {
    const expected = entry.name.startsWith('.')
      ? qid
      : (await client.walkTo(root, client.fid(), entry.name))[0];
    t.deepEqual(entry.qid, expected, entry.name);
  }
  t.deepEqual(entries.map(({ name, type }) => `${name} ${type}`).sort(), [
    '. 4',
    '.. 4',
    'file 8',
    'folder 4',
    'link 10',
  ]);
});

test('files that go while a folder is read do not hide others', async (t) => {
  const dir = scratch(t);
  for (let i = 0; i < 2000; i++) writeFileSync(join(dir, `file-${i}`), '');
  const client = await NinepClient.start(t, dir, { msize: 4096 });
  const root = await client.attach();
  const fid = await client.lopen(await client.walk(root));
  const seen: string[] = [];
  for (let offset = 0n; ;) {
    const part = await client.readdir(fid, offset);
    if (part.length === 0) break;
    for (const { name } of part) {
      seen.push(name);
      if (!name.startsWith('.')) await client.unlinkat(root, name);
    }
    offset = part.at(-1)?.offset ?? 0n;
  }
  t.is(seen.length, 2002);
  t.deepEqual(await client.list(root), []);
});

test('only a folder that is open can be read', async (t) => {
  const dir = scratch(t);
  writeFileSync(join(dir, 'file'), '');
  mkdirSync(join(dir, 'gone'));
  const client = await NinepClient.start(t, dir);
  const root = await client.attach();
  await t.throwsAsync(client.readdir(root), { code: 'EBADF' });
  await t.throwsAsync(client.readdir(await client.lopen(await client.walk(root, 'file'))), {
    code: 'ENOTDIR',
  });
  const gone = await client.lopen(await client.walk(root, 'gone'));
  rmSync(join(dir, 'gone'), { recursive: true });
  const left = await client
    .readdir(gone)
    .catch((error: unknown) => (error as { code: string }).code);
  t.true(
    left === 'ENOENT' || (Array.isArray(left) && left.every(({ name }) => name.startsWith('.'))),
  );
});
