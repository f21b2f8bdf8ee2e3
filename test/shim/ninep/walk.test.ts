// SPDX-License-Identifier: Apache-2.0
// A walk reaches every file of the export, also across mounts, and no file outside it, whatever names it gets.

import { mkdirSync, mkdtempSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { NinepClient, scratch, T } from '../../support/ninep/client.js';
import { put } from '../../support/ninep/fields.js';

const QT_DIR = 0x80;
const QT_SYMLINK = 2;

test('a walk gives the qids of all names, and a fid for the last', async (t) => {
  const dir = scratch(t);
  mkdirSync(join(dir, 'a/b'), { recursive: true });
  writeFileSync(join(dir, 'a/b/file'), 'deep');
  symlinkSync('b', join(dir, 'a/link'));
  const client = await NinepClient.start(t, dir);
  const root = await client.attach();
  const qids = await client.walkTo(root, 50, 'a', 'b', 'file');
  t.deepEqual(
    qids.map(({ type, version }) => [type, version]),
    [
      [QT_DIR, 0],
      [QT_DIR, 0],
      [0, 0],
    ],
  );
  t.is(new Set(qids.map(({ path }) => path)).size, 3);
  t.deepEqual((await client.getattr(50)).qid, qids[2]);
  const link = await client.walk(root, 'a', 'link');
  t.is((await client.getattr(link)).qid.type, QT_SYMLINK);
  t.deepEqual(await client.walkTo(root, 51), []);
  t.deepEqual((await client.getattr(51)).qid, (await client.getattr(root)).qid);
});

test('a walk that goes only part of the way makes no fid', async (t) => {
  const dir = scratch(t);
  mkdirSync(join(dir, 'a'));
  writeFileSync(join(dir, 'file'), '');
  const client = await NinepClient.start(t, dir);
  const root = await client.attach();
  t.is((await client.walkTo(root, 50, 'a', 'none', 'x')).length, 1);
  await t.throwsAsync(client.getattr(50), { code: 'EBADF' });
  await t.throwsAsync(client.walkTo(root, 50, 'none', 'x'), { code: 'ENOENT' });
  t.is((await client.walkTo(root, 50, 'file', 'x')).length, 1);
  await t.throwsAsync(client.walkTo(await client.walk(root, 'file'), 50, 'x'), { code: 'ENOTDIR' });
  // A failed walk leaves its own fid in place too.
  t.is((await client.walkTo(root, root, 'a', 'none')).length, 1);
  await client.walk(root, 'file');
});

test('a walk onto its own fid moves it, unless it is open', async (t) => {
  const dir = scratch(t);
  mkdirSync(join(dir, 'a'));
  writeFileSync(join(dir, 'a/file'), 'x');
  const client = await NinepClient.start(t, dir);
  const fid = await client.attach();
  await client.walkTo(fid, fid, 'a');
  await client.walkTo(fid, fid, 'file');
  t.is((await client.getattr(fid)).size, 1n);
  await client.lopen(fid);
  await t.throwsAsync(client.walkTo(fid, fid, '..'), { code: 'EINVAL' });
  // The clone of an open fid is not open.
  const copy = await client.walk(fid);
  await t.throwsAsync(client.read(copy), { code: 'EBADF' });
  await client.lopen(copy);
  t.is((await client.read(copy)).toString(), 'x');
});

test('at most sixteen names', async (t) => {
  const dir = scratch(t);
  const names = Array.from({ length: 17 }, () => 'd');
  mkdirSync(join(dir, ...names), { recursive: true });
  const client = await NinepClient.start(t, dir);
  const root = await client.attach();
  t.is((await client.walkTo(root, 50, ...names.slice(1))).length, 16);
  await t.throwsAsync(client.walkTo(root, 51, ...names), { code: 'EINVAL' });
  const many = Array.from({ length: 20_000 }, () => 'd');
  await t.throwsAsync(client.walkTo(root, 51, ...many), { code: 'EINVAL' });
});

test('above the root is the root', async (t) => {
  const dir = scratch(t);
  mkdirSync(join(dir, 'export/a/b'), { recursive: true });
  writeFileSync(join(dir, 'secret'), 'secret');
  const client = await NinepClient.start(t, join(dir, 'export'));
  const root = await client.attach();
  const { qid } = await client.getattr(root);
  t.deepEqual(await client.walkTo(root, 50, '..'), [qid]);
  t.deepEqual(
    await client
      .walkTo(root, 51, '..', '..', '..', 'a', 'b', '..', '..', '..')
      .then((q) => q.at(-1)),
    qid,
  );
  await t.throwsAsync(client.walk(root, '..', 'secret'), { code: 'ENOENT' });
  await t.throwsAsync(client.walk(root, 'a', '..', '..', 'secret'), { code: 'ENOENT' });
});

test('from a folder that the host moved out of the export nothing above it can be reached', async (t) => {
  const dir = scratch(t);
  mkdirSync(join(dir, 'export/a/b'), { recursive: true });
  mkdirSync(join(dir, 'other'));
  writeFileSync(join(dir, 'other/secret'), 'secret');
  const client = await NinepClient.start(t, join(dir, 'export'));
  const root = await client.attach();
  const a = await client.walk(root, 'a');
  const b = await client.walk(root, 'a', 'b');
  renameSync(join(dir, 'export/a'), join(dir, 'other/a'));
  await t.throwsAsync(client.walk(a, '..'), { code: 'EACCES' });
  await t.throwsAsync(client.walk(b, '..'), { code: 'EACCES' });
  t.is((await client.walkTo(a, 60, 'b', '..')).length, 1);
  renameSync(join(dir, 'other/a'), join(dir, 'export/a'));
  t.deepEqual(
    (await client.getattr(await client.walk(b, '..', '..'))).qid,
    (await client.getattr(root)).qid,
  );
});

test('a folder that was removed has nothing above it', async (t) => {
  const dir = scratch(t);
  mkdirSync(join(dir, 'a/b'), { recursive: true });
  const client = await NinepClient.start(t, dir);
  const root = await client.attach();
  const b = await client.walk(root, 'a', 'b');
  await client.unlinkat(await client.walk(root, 'a'), 'b', 0x200);
  // The inode still knows its parent. The answer may only lead into the export.
  await client
    .walk(b, '..')
    .catch((error: unknown) => t.is((error as { code: string }).code, 'ENOENT'));
  await t.throwsAsync(client.walk(b, 'x'), { code: 'ENOENT' });
  await t.throwsAsync(client.mkdir(b, 'x'), { code: 'ENOENT' });
});

const BAD: [string | Buffer, string][] = [
  ['', 'ENOENT'],
  ['.', 'EINVAL'],
  ['/', 'EINVAL'],
  ['a/b', 'EINVAL'],
  ['/etc', 'EINVAL'],
  ['../x', 'EINVAL'],
  ['a\0', 'EINVAL'],
  ['..\0', 'EINVAL'],
  ['\0', 'EINVAL'],
  ['n'.repeat(256), 'ENAMETOOLONG'],
  ['n'.repeat(4000), 'ENAMETOOLONG'],
  [Buffer.from([0x61, 0x2f]), 'EINVAL'],
];

test('bad names are refused wherever a message has one', async (t) => {
  const dir = scratch(t);
  mkdirSync(join(dir, 'a/b'), { recursive: true });
  const client = await NinepClient.start(t, dir);
  const root = await client.attach();
  const file = await client.create(root, 'file');
  const numbers = [put.u32(0o644), put.u32(0)];
  for (const [bad, code] of [...BAD, ['..', 'EINVAL'] as const]) {
    const name = put.string(bad);
    const folder = put.u32(root);
    if (bad !== '..') await t.throwsAsync(client.walk(root, bad), { code });
    for (const [type, ...fields] of [
      [T.lcreate, folder, name, put.u32(2), ...numbers],
      [T.mkdir, folder, name, ...numbers],
      [T.mknod, folder, name, put.u32(0o100644), put.u32(0), put.u32(0), put.u32(0)],
      [T.symlink, folder, name, put.string('x'), put.u32(0)],
      [T.link, folder, put.u32(file), name],
      [T.renameat, folder, name, folder, put.string('new')],
      [T.renameat, folder, put.string('file'), folder, name],
      [T.unlinkat, folder, name, put.u32(0)],
      [T.unlinkat, folder, name, put.u32(0x200)],
    ] as const)
      await t.throwsAsync(client.call(type, ...fields), { code }, `${type} ${String(bad)}`);
  }
  t.deepEqual((await client.list(root)).map(({ name }) => name).sort(), ['a', 'file']);
});

test('names of 255 bytes, of any bytes', async (t) => {
  const client = await NinepClient.start(t, scratch(t));
  const root = await client.attach();
  for (const name of ['n'.repeat(255), '...', '.hidden', ' ', '\n', 'ä☃']) {
    await client.mkdir(root, name);
    await client.walk(root, name);
    t.deepEqual(
      (await client.list(root)).map((entry) => entry.name),
      [name],
    );
    await client.unlinkat(root, name, 0x200);
  }
});

test('symlinks are not followed, neither out of the export nor in it', async (t) => {
  const dir = scratch(t);
  mkdirSync(join(dir, 'export/folder'), { recursive: true });
  writeFileSync(join(dir, 'secret'), 'secret');
  writeFileSync(join(dir, 'export/folder/file'), 'x');
  symlinkSync('../secret', join(dir, 'export/out'));
  symlinkSync(join(dir, 'secret'), join(dir, 'export/absolute'));
  symlinkSync('folder', join(dir, 'export/in'));
  symlinkSync('..', join(dir, 'export/up'));
  const client = await NinepClient.start(t, join(dir, 'export'));
  const root = await client.attach();
  for (const name of ['out', 'absolute', 'in', 'up']) {
    const link = await client.walk(root, name);
    await t.throwsAsync(client.lopen(link), { code: 'ELOOP' });
    await t.throwsAsync(client.walk(link, 'file'), { code: 'ENOTDIR' });
    await t.throwsAsync(client.walk(link, '..'), { code: 'ENOTDIR' });
    await t.throwsAsync(client.setattr(link, 8, { size: 0 }), { code: 'ELOOP' });
    await t.throwsAsync(client.create(root, name, 2), { code: 'ELOOP' });
    await t.throwsAsync(client.create(root, name, 0o1001), { code: 'ELOOP' });
    await t.throwsAsync(client.mkdir(link, 'x'), { code: 'ENOTDIR' });
    await t.throwsAsync(client.unlinkat(link, 'file'), { code: 'ENOTDIR' });
  }
  t.is((await client.walkTo(root, 70, 'in', 'file')).length, 1);
  t.is(await client.readlink(await client.walk(root, 'out')), '../secret');
  await t.throwsAsync(client.readlink(root), { code: 'EINVAL' });
});

test('mounts in the export are crossed; their files are told apart, and read-only ones are', async (t) => {
  const dir = scratch(t);
  for (const name of ['export', 'a', 'b']) mkdirSync(join(dir, name));
  for (const name of ['a', 'b']) writeFileSync(join(dir, name, 'file'), name);
  const script = `set -e
    cd "$0"; mount -t tmpfs none export; mkdir export/one export/two export/tmp
    mount --bind a export/one; mount --bind -o ro b export/two; mount -t tmpfs none export/tmp
    echo t > export/tmp/file; exec "$@"`;
  const client = await NinepClient.start(t, join(dir, 'export'), {
    prefix: ['unshare', '-m', 'sh', '-c', script, dir],
  });
  const root = await client.attach();
  const paths = new Set<bigint>();
  for (const [folder, content] of [
    ['one', 'a'],
    ['two', 'b'],
    ['tmp', 't\n'],
  ] as const) {
    const mounted = await client.walk(root, folder);
    const file = await client.walk(mounted, 'file');
    paths.add((await client.getattr(mounted)).qid.path).add((await client.getattr(file)).qid.path);
    t.is((await client.read(await client.lopen(file))).toString(), content);
    const up = await client.walk(mounted, '..');
    t.deepEqual((await client.getattr(up)).qid, (await client.getattr(root)).qid);
  }
  t.is(paths.size, 6);
  const [one, two] = [await client.walk(root, 'one'), await client.walk(root, 'two')];
  const file = await client.walk(two, 'file');
  for (const call of [
    client.create(two, 'new'),
    client.mkdir(two, 'new'),
    client.mknod(two, 'new', 0o100644),
    client.symlink(two, 'new', 'x'),
    client.unlinkat(two, 'file'),
    client.renameat(two, 'file', two, 'new'),
    client.setattr(file, 1, { mode: 0o600 }),
    client.setattr(file, 2, { uid: 5 }),
    client.setattr(file, 8),
    client.setattr(file, 16),
    client.setXattr(file, 'user.x', 'x'),
    client.walk(file).then((fid) => client.lopen(fid, 1)),
    client.walk(file).then((fid) => client.lopen(fid, 2)),
  ])
    await t.throwsAsync(call, { code: 'EROFS' });
  await t.throwsAsync(client.renameat(one, 'file', root, 'file'), { code: 'EXDEV' });
  await t.throwsAsync(client.link(root, file, 'file'), { code: 'EXDEV' });
  await t.throwsAsync(client.unlinkat(root, 'one', 0x200), { code: 'EBUSY' });
  t.deepEqual((await client.list(root)).map(({ name }) => name).sort(), ['one', 'tmp', 'two']);
});

test('a folder moved out of a bind mount does not lead out of it', async (t) => {
  const dir = scratch(t);
  mkdirSync(join(dir, 'export/bound'), { recursive: true });
  mkdirSync(join(dir, 'host/inside/moved'), { recursive: true });
  writeFileSync(join(dir, 'host/secret'), 'secret');
  const client = await NinepClient.start(t, join(dir, 'export'), {
    prefix: [
      'unshare',
      '-m',
      'sh',
      '-c',
      'cd "$0" && mount --bind host/inside export/bound && exec "$@"',
      dir,
    ],
  });
  const root = await client.attach();
  const moved = await client.walk(root, 'bound', 'moved');
  renameSync(join(dir, 'host/inside/moved'), join(dir, 'host/moved'));
  await t.throwsAsync(client.walk(moved, '..'), { code: 'ENOENT' });
  mkdtempSync(join(dir, 'host/moved/x'));
  t.is((await client.list(moved)).length, 1);
});
