// SPDX-License-Identifier: Apache-2.0
// Files are created with the requested owner, mode and type. Names change as on Linux.

import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { NinepClient, scratch, T } from '../../support/ninep/client.js';
import { put } from '../../support/ninep/fields.js';

const S_IFMT = 0o170000;
const FIFO = 0o010000;
const CHARACTER = 0o020000;
const BLOCK = 0o060000;
const SOCKET = 0o140000;

/** Tests of owners need root. */
const asRoot = process.getuid?.() === 0 ? test : test.skip;
if (process.getuid?.() !== 0) console.error('skipped: owners can be set by root only');

function owner(path: string): [number, number, string] {
  const { uid, gid, mode } = lstatSync(path);
  return [uid, gid, (mode & 0o7777).toString(8)];
}

asRoot('what is made belongs to the user that attached and the group of the request', async (t) => {
  const dir = scratch(t);
  const client = await NinepClient.start(t, dir);
  const root = await client.attach(1234);
  await client.create(root, 'file', 2, 0o640, 5678);
  await client.mkdir(root, 'folder', 0o751, 5678);
  await client.mknod(root, 'fifo', FIFO | 0o604, [0, 0], 5678);
  await client.symlink(root, 'link', 'file', 5678);
  t.deepEqual(owner(join(dir, 'file')), [1234, 5678, '640']);
  t.deepEqual(owner(join(dir, 'folder')), [1234, 5678, '751']);
  t.deepEqual(owner(join(dir, 'fifo')), [1234, 5678, '604']);
  t.deepEqual(owner(join(dir, 'link')).slice(0, 2), [1234, 5678]);
  // Fids walked from it, and other fids.
  await client.create(await client.walk(root, 'folder'), 'deep', 2, 0o600, 1);
  t.deepEqual(owner(join(dir, 'folder/deep')), [1234, 1, '600']);
  await client.create(await client.attach(0), 'roots', 2, 0o7777);
  t.deepEqual(owner(join(dir, 'roots')), [0, 0, '7777']);
  await client.create(await client.attach(4_000_000_000), 'large', 2, 0o600, 4_000_000_000);
  t.deepEqual(owner(join(dir, 'large')), [4_000_000_000, 4_000_000_000, '600']);
});

asRoot('the server checks no permission, since the guest has', async (t) => {
  const dir = scratch(t);
  mkdirSync(join(dir, 'private'), { mode: 0o700 });
  writeFileSync(join(dir, 'private/file'), 'x', { mode: 0 });
  const client = await NinepClient.start(t, dir);
  const folder = await client.walk(await client.attach(1234), 'private');
  await client.create(folder, 'new', 2, 0o400);
  t.is((await client.read(await client.lopen(await client.walk(folder, 'file')))).toString(), 'x');
  t.is(owner(join(dir, 'private/new'))[0], 1234);
});

asRoot('nobody owns nothing', async (t) => {
  const client = await NinepClient.start(t, scratch(t));
  const nobody = await client.attach(0xffffffff);
  await t.throwsAsync(client.create(nobody, 'file'), { code: 'EPERM' });
  await t.throwsAsync(client.mkdir(nobody, 'folder'), { code: 'EPERM' });
  const root = await client.attach();
  await t.throwsAsync(client.create(root, 'file', 2, 0o644, 0xffffffff), { code: 'EPERM' });
  t.deepEqual(await client.list(root), []);
});

asRoot('a setgid folder hands its group and bit on', async (t) => {
  const dir = scratch(t);
  mkdirSync(join(dir, 'folder'));
  chownSync(join(dir, 'folder'), 0, 5678);
  chmodSync(join(dir, 'folder'), 0o2777);
  const client = await NinepClient.start(t, dir);
  const folder = await client.walk(await client.attach(1234), 'folder');
  await client.create(folder, 'file', 2, 0o644, 99);
  await client.mkdir(folder, 'sub', 0o755, 99);
  t.deepEqual(owner(join(dir, 'folder/file')), [1234, 5678, '644']);
  t.deepEqual(owner(join(dir, 'folder/sub')), [1234, 5678, '2755']);
});

test('Tlcreate opens what is there, unless it must be new', async (t) => {
  const dir = scratch(t);
  writeFileSync(join(dir, 'file'), 'old');
  mkdirSync(join(dir, 'folder'));
  const client = await NinepClient.start(t, dir);
  const root = await client.attach();
  await t.throwsAsync(client.create(root, 'file', 0o202), { code: 'EEXIST' });
  t.is((await client.read(await client.create(root, 'file', 2))).toString(), 'old');
  t.is((await client.read(await client.create(root, 'file', 0o1002))).length, 0);
  await t.throwsAsync(client.create(root, 'folder', 0), { code: 'EISDIR' });
  await t.throwsAsync(client.create(root, 'folder', 2), { code: 'EISDIR' });
  await t.throwsAsync(client.create(await client.walk(root, 'file'), 'x'), { code: 'ENOTDIR' });
  // After a refused creation the fid still refers to the folder.
  const fid = await client.walk(root);
  await t.throwsAsync(client.lcreate(fid, 'file', 0o202), { code: 'EEXIST' });
  await client.lcreate(fid, 'new');
  await t.throwsAsync(client.lcreate(fid, 'another'), { code: 'EINVAL' });
  t.is(await client.write(fid, 0, 'new'), 3);
});

test('a file that was made for reading can be read only', async (t) => {
  const client = await NinepClient.start(t, scratch(t));
  const fid = await client.create(await client.attach(), 'file', 0);
  await t.throwsAsync(client.write(fid, 0, 'x'), { code: 'EBADF' });
});

const FLAGS: [string, number, string][] = [
  ['neither reading nor writing', 3, 'EINVAL'],
  ['O_PATH', 0o10000000, 'EINVAL'],
  ['O_TMPFILE', 0o20200002, 'EINVAL'],
  ['an unknown flag', 0x80000000, 'EINVAL'],
  ['a folder it is not', 0o200000, 'ENOTDIR'],
];
for (const [name, flags, code] of FLAGS)
  test(`opening with ${name} is refused`, async (t) => {
    const dir = scratch(t);
    writeFileSync(join(dir, 'file'), 'x');
    const client = await NinepClient.start(t, dir);
    const root = await client.attach();
    const file = await client.walk(root, 'file');
    await t.throwsAsync(client.lopen(file, flags), { code });
    await t.throwsAsync(client.create(root, 'new', flags), { code: 'EINVAL' });
    t.is((await client.list(root)).length, 1);
    // Flags without a meaning for a server, and the flags that Linux sends for a file that it has just created.
    await client.lopen(
      file,
      2 | 0o100 | 0o200 | 0o400 | 0o4000 | 0o20000 | 0o40000 | 0o100000 | 0o2400000,
    );
    await t.throwsAsync(client.lopen(file), { code: 'EINVAL' });
    await t.throwsAsync(client.lopen(await client.walk(root), 2), { code: 'EISDIR' });
  });

test('devices, FIFOs and sockets are shown, and never opened', async (t) => {
  const dir = scratch(t);
  const script = `set -e
    mkdir -p "$0/export"; mount -t tmpfs -o dev none "$0/export"; cd "$0/export"
    mknod char c 1 3; mknod block b 7 200; mknod large c 300 70000; mkfifo fifo
    exec "$@"`;
  const client = await NinepClient.start(t, join(dir, 'export'), {
    prefix: ['unshare', '-m', 'sh', '-c', script, dir],
  });
  const root = await client.attach();
  await client.mknod(root, 'socket', SOCKET | 0o777);
  for (const [name, type, rdev] of [
    ['char', CHARACTER, (1n << 8n) | 3n],
    ['block', BLOCK, (7n << 8n) | 200n],
    ['large', CHARACTER, (300n << 8n) | (70000n & 0xffn) | ((70000n & ~0xffn) << 12n)],
    ['fifo', FIFO, 0n],
    ['socket', SOCKET, 0n],
  ] as const) {
    const fid = await client.walk(root, name);
    const attr = await client.getattr(fid);
    t.is(attr.mode & S_IFMT, type, name);
    t.is(attr.rdev, rdev, name);
    for (const flags of [0, 1, 2, 0o1001])
      await t.throwsAsync(client.lopen(fid, flags), { code: 'EACCES' }, name);
    await t.throwsAsync(client.create(root, name, 2), { code: 'EACCES' });
    await t.throwsAsync(client.setattr(fid, 8), { code: 'EACCES' });
    // Requests that do not open it succeed.
    await client.setattr(fid, 1 + 2 + 128 + 16, { mode: 0o640, uid: 7, atime: [5n, 0n] });
    t.is((await client.getattr(fid)).uid, 7);
    await client.renameat(root, name, root, 'new');
    await client.link(root, fid, name);
    await client.unlinkat(root, 'new');
  }
});

test('of devices only the one that overlayfs has for what was removed can be made', async (t) => {
  const dir = scratch(t);
  const client = await NinepClient.start(t, dir);
  const root = await client.attach();
  for (const [type, device] of [
    [CHARACTER, [1, 3]],
    [CHARACTER, [0, 1]],
    [CHARACTER, [0xffffffff, 0]],
    [BLOCK, [7, 0]],
    [BLOCK, [0, 0]],
  ] as [number, [number, number]][])
    await t.throwsAsync(client.mknod(root, 'device', type | 0o666, device), { code: 'EPERM' });
  for (const type of [0o040000, 0o120000, 0o150000, 0o170000])
    await t.throwsAsync(client.mknod(root, 'device', type | 0o666), { code: 'EINVAL' });
  t.deepEqual(await client.list(root), []);
  await client.mknod(root, 'whiteout', CHARACTER);
  const { mode, rdev } = lstatSync(join(dir, 'whiteout'));
  t.deepEqual([mode, rdev], [CHARACTER, 0]);
  await client.mknod(root, 'file', 0o100600);
  await client.mknod(root, 'plain', 0o600);
  t.is(lstatSync(join(dir, 'file')).mode, 0o100600);
  t.is(lstatSync(join(dir, 'plain')).mode, 0o100600);
  await t.throwsAsync(client.mknod(root, 'file', 0o100600), { code: 'EEXIST' });
});

test('symlinks hold any text, and not too much of it', async (t) => {
  const dir = scratch(t);
  const client = await NinepClient.start(t, dir);
  const root = await client.attach();
  for (const target of ['/etc/passwd', '../../..', 'x'.repeat(4000), ' ', 'a//b/']) {
    await client.symlink(root, 'link', target);
    t.is(readlinkSync(join(dir, 'link')), target);
    t.is(await client.readlink(await client.walk(root, 'link')), target);
    await client.unlinkat(root, 'link');
  }
  await t.throwsAsync(client.symlink(root, 'link', ''), { code: 'ENOENT' });
  await t.throwsAsync(client.symlink(root, 'link', 'a\0b'), { code: 'EINVAL' });
  await t.throwsAsync(client.symlink(root, 'link', 'x'.repeat(4096)), { code: 'ENAMETOOLONG' });
  await t.throwsAsync(client.symlink(root, 'link', 'x'.repeat(60_000)), { code: 'ENAMETOOLONG' });
  await client.symlink(root, 'link', 'x'.repeat(4095));
  await t.throwsAsync(client.symlink(root, 'link', 'y'), { code: 'EEXIST' });
});

test('a symlink that does not fit a message is refused when it is read', async (t) => {
  const dir = scratch(t);
  const client = await NinepClient.start(t, dir, { msize: 4096 });
  const root = await client.attach();
  await client.symlink(root, 'fits', 'x'.repeat(4000));
  const link = await client.walk(root, 'fits');
  t.is((await client.readlink(link)).length, 4000);
  const large = await NinepClient.start(t, dir);
  await large.symlink(await large.attach(), 'large', 'x'.repeat(4095));
  await t.throwsAsync(client.readlink(await client.walk(root, 'large')), { code: 'ENAMETOOLONG' });
});

test('hard links, of files, of symlinks, and not of folders', async (t) => {
  const dir = scratch(t);
  const client = await NinepClient.start(t, dir);
  const root = await client.attach();
  const file = await client.create(root, 'file');
  await client.mkdir(root, 'folder');
  const folder = await client.walk(root, 'folder');
  await client.link(folder, file, 'again');
  t.is((await client.getattr(file)).nlink, 2n);
  await client.write(file, 0, 'x');
  t.is(readFileSync(join(dir, 'folder/again'), 'utf8'), 'x');
  await client.symlink(root, 'link', 'file');
  await client.link(root, await client.walk(root, 'link'), 'link2');
  t.is(readlinkSync(join(dir, 'link2')), 'file');
  await t.throwsAsync(client.link(root, folder, 'x'), { code: 'EPERM' });
  await t.throwsAsync(client.link(root, file, 'folder'), { code: 'EEXIST' });
  await t.throwsAsync(client.link(file, file, 'x'), { code: 'ENOTDIR' });
});

test('renaming: over files and folders, into itself, and fids that follow', async (t) => {
  const dir = scratch(t);
  const client = await NinepClient.start(t, dir);
  const root = await client.attach();
  const old = await client.create(root, 'old');
  const over = await client.create(root, 'over');
  await client.write(old, 0, 'old');
  await client.write(over, 0, 'over');
  await client.renameat(root, 'old', root, 'over');
  t.is((await client.read(over)).toString(), 'over');
  t.is((await client.read(await client.lopen(await client.walk(root, 'over')))).toString(), 'old');
  for (const name of ['a', 'b', 'full']) await client.mkdir(root, name);
  const a = await client.walk(root, 'a');
  const full = await client.walk(root, 'full');
  await client.create(full, 'file');
  await t.throwsAsync(client.renameat(root, 'a', root, 'full'), { code: 'ENOTEMPTY' });
  await t.throwsAsync(client.renameat(root, 'a', a, 'x'), { code: 'EINVAL' });
  await t.throwsAsync(client.renameat(root, 'a', root, 'over'), { code: 'ENOTDIR' });
  await t.throwsAsync(client.renameat(root, 'over', root, 'a'), { code: 'EISDIR' });
  await t.throwsAsync(client.renameat(root, 'none', root, 'x'), { code: 'ENOENT' });
  await client.renameat(root, 'a', root, 'b');
  await client.renameat(root, 'b', full, 'moved');
  await client.create(a, 'inside');
  t.is(lstatSync(join(dir, 'full/moved/inside')).size, 0);
});

test('removing files and folders', async (t) => {
  const client = await NinepClient.start(t, scratch(t));
  const root = await client.attach();
  await client.create(root, 'file');
  await client.mkdir(root, 'folder');
  await client.create(await client.walk(root, 'folder'), 'file');
  await t.throwsAsync(client.unlinkat(root, 'folder'), { code: 'EISDIR' });
  await t.throwsAsync(client.unlinkat(root, 'folder', 0x200), { code: 'ENOTEMPTY' });
  await t.throwsAsync(client.unlinkat(root, 'file', 0x200), { code: 'ENOTDIR' });
  await t.throwsAsync(client.unlinkat(root, 'file', 0x1000), { code: 'EINVAL' });
  await client.unlinkat(await client.walk(root, 'folder'), 'file');
  await client.unlinkat(root, 'folder', 0x200);
  await client.unlinkat(root, 'file');
  await t.throwsAsync(client.unlinkat(root, 'file'), { code: 'ENOENT' });
});

test('a folder that is listed and worked in is the same for each user', async (t) => {
  const client = await NinepClient.start(t, scratch(t));
  const [one, two] = [await client.attach(0), await client.attach(1)];
  await client.create(one, 'file');
  t.deepEqual(
    (await client.list(two)).map(({ name }) => name),
    ['file'],
  );
  const answer = await client.call(T.statfs, put.u32(two));
  const [type, size] = [answer.u32(), answer.u32()];
  t.is(type, 0x01021997);
  t.true(size > 0);
  t.true(answer.u64() > 0n);
});
