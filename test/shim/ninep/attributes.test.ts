// SPDX-License-Identifier: Apache-2.0
// Owner, mode, size, times and extended attributes are shown and set exactly. The host's own attributes stay unchanged.

import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { NinepClient, scratch, SET, T } from '../../support/ninep/client.js';
import { put } from '../../support/ninep/fields.js';

test("attributes are the file's own", async (t) => {
  const dir = scratch(t);
  writeFileSync(join(dir, 'file'), 'x'.repeat(5000), { mode: 0o640 });
  const client = await NinepClient.start(t, dir);
  const attr = await client.getattr(await client.walk(await client.attach(), 'file'));
  const info = statSync(join(dir, 'file'), { bigint: true });
  t.is(attr.qid.path, info.ino);
  t.is(attr.qid.version, 0);
  t.deepEqual([attr.mode, attr.uid, attr.gid].map(BigInt), [info.mode, info.uid, info.gid]);
  t.deepEqual([attr.nlink, attr.size, attr.blocks], [1n, 5000n, info.blocks]);
  t.is(attr.mtime[0] * 1_000_000_000n + attr.mtime[1], info.mtimeNs);
  // The most that one message carries.
  t.is(attr.blksize, 32768n);
});

test('mode, owner, size and times are set, alone and together', async (t) => {
  const dir = scratch(t);
  const path = join(dir, 'file');
  writeFileSync(path, '0123456789');
  const client = await NinepClient.start(t, dir);
  const fid = await client.walk(await client.attach(), 'file');
  await client.setattr(fid, SET.mode, { mode: 0o106751 });
  t.is(statSync(path).mode, 0o106751);
  await client.setattr(fid, SET.uid, { uid: 12, gid: 99 });
  await client.setattr(fid, SET.gid, { uid: 99, gid: 34 });
  t.deepEqual([statSync(path).uid, statSync(path).gid], [12, 34]);
  t.is(statSync(path).mode, 0o100751);
  await client.setattr(fid, SET.size, { size: 3 });
  t.is(statSync(path).size, 3);
  await client.setattr(fid, SET.mtime | SET.mtimeSet, { mtime: [1000n, 7n] });
  t.is(statSync(path, { bigint: true }).mtimeNs, 1_000_000_000_007n);
  t.true(statSync(path).atimeMs > 1e12);
  await client.setattr(fid, SET.atime | SET.atimeSet, { atime: [-5n, 0n] });
  t.is(statSync(path).atimeMs, -5000);
  t.is(statSync(path, { bigint: true }).mtimeNs, 1_000_000_000_007n);
  await client.setattr(fid, SET.atime | SET.mtime);
  t.true(Math.abs(statSync(path).mtimeMs - Date.now()) < 60_000);
  await client.setattr(fid, SET.mode | SET.uid | SET.size | SET.mtime | SET.mtimeSet | 64, {
    mode: 0o4755,
    uid: 1,
    size: 100,
    mtime: [5n, 0n],
  });
  const { mode, uid, size, mtimeMs } = statSync(path);
  t.deepEqual([mode, uid, size, mtimeMs], [0o104755, 1, 100, 5000]);
});

test('what cannot be set is refused', async (t) => {
  const dir = scratch(t);
  writeFileSync(join(dir, 'file'), 'x');
  mkdirSync(join(dir, 'folder'));
  const client = await NinepClient.start(t, dir);
  const root = await client.attach();
  const [file, folder] = [await client.walk(root, 'file'), await client.walk(root, 'folder')];
  await t.throwsAsync(client.setattr(file, 512), { code: 'EINVAL' });
  await t.throwsAsync(client.setattr(file, 0x80000000), { code: 'EINVAL' });
  await t.throwsAsync(client.setattr(file, SET.size, { size: 1n << 63n }), { code: 'EFBIG' });
  await t.throwsAsync(client.setattr(file, SET.size, { size: (1n << 64n) - 1n }), {
    code: 'EFBIG',
  });
  await t.throwsAsync(client.setattr(folder, SET.size), { code: 'EISDIR' });
  for (const nsec of [1_000_000_000n, (1n << 30n) - 1n, (1n << 30n) - 2n, (1n << 64n) - 1n])
    await t.throwsAsync(client.setattr(file, SET.mtimeSet, { mtime: [0n, nsec] }), {
      code: 'EINVAL',
    });
  t.is(statSync(join(dir, 'file')).size, 1);
});

test('of a symlink owner and times can be set, and its file is left alone', async (t) => {
  const dir = scratch(t);
  writeFileSync(join(dir, 'file'), 'x');
  symlinkSync('file', join(dir, 'link'));
  const client = await NinepClient.start(t, dir);
  const link = await client.walk(await client.attach(), 'link');
  await client.setattr(link, SET.uid | SET.gid | SET.mtimeSet, {
    uid: 5,
    gid: 6,
    mtime: [77n, 0n],
  });
  const { uid, gid, mtimeMs } = lstatSync(join(dir, 'link'));
  t.deepEqual([uid, gid, mtimeMs], [5, 6, 77_000]);
  const file = statSync(join(dir, 'file'));
  t.not(file.uid, 5);
  t.not(file.mtimeMs, 77_000);
  await t.throwsAsync(client.setattr(link, SET.mode, { mode: 0o600 }), { code: 'EOPNOTSUPP' });
  t.is(statSync(join(dir, 'file')).mode, file.mode);
});

test('a size is set through a fid that is open, for reading too', async (t) => {
  const dir = scratch(t);
  writeFileSync(join(dir, 'file'), '0123456789');
  const client = await NinepClient.start(t, dir);
  const root = await client.attach();
  for (const [flags, size] of [
    [0, 8],
    [1, 6],
    [2, 4],
    [0o2001, 2],
  ] as const) {
    const fid = await client.lopen(await client.walk(root, 'file'), flags);
    await client.setattr(fid, SET.size, { size });
    t.is(statSync(join(dir, 'file')).size, size);
  }
});

test('extended attributes are set, read, listed, replaced and removed', async (t) => {
  const dir = scratch(t);
  writeFileSync(join(dir, 'file'), 'x');
  const client = await NinepClient.start(t, dir);
  const fid = await client.walk(await client.attach(), 'file');
  t.is((await client.xattr(fid)).length, 0);
  await client.setXattr(fid, 'user.one', 'value');
  await client.setXattr(fid, 'user.empty', '');
  await client.setXattr(fid, 'user.two', 'x'.repeat(1000), 1);
  t.is((await client.xattr(fid, 'user.one')).toString(), 'value');
  t.is((await client.xattr(fid, 'user.empty')).length, 0);
  t.is((await client.xattr(fid, 'user.two')).length, 1000);
  t.deepEqual((await client.xattr(fid)).toString().split('\0').filter(Boolean).sort(), [
    'user.empty',
    'user.one',
    'user.two',
  ]);
  await t.throwsAsync(client.setXattr(fid, 'user.one', 'x', 1), { code: 'EEXIST' });
  await t.throwsAsync(client.setXattr(fid, 'user.none', 'x', 2), { code: 'ENODATA' });
  await client.setXattr(fid, 'user.one', 'new', 2);
  t.is((await client.xattr(fid, 'user.one')).toString(), 'new');
  await client.setXattr(fid, 'user.one', '', 2);
  await t.throwsAsync(client.xattr(fid, 'user.one'), { code: 'ENODATA' });
  await t.throwsAsync(client.setXattr(fid, 'user.one', '', 2), { code: 'ENODATA' });
});

/** Sets an attribute as the host: setxattr(2), number 188, for which Node.js has no function. */
function setXattr(path: string, name: string): void {
  const script = 'my ($p, $n, $v) = (@ARGV, "x"); syscall(188, $p, $n, $v, 1, 0) == 0 or die $!';
  execFileSync('perl', ['-e', script, path, name]);
}

test("names of attributes that are the host's are neither shown nor set", async (t) => {
  const dir = scratch(t);
  writeFileSync(join(dir, 'file'), 'x');
  mkdirSync(join(dir, 'folder'));
  for (const name of ['trusted.secret', 'user.shown']) setXattr(join(dir, 'file'), name);
  const client = await NinepClient.start(t, dir);
  const root = await client.attach();
  const fid = await client.walk(root, 'file');
  t.is((await client.xattr(fid)).toString(), 'user.shown\0');
  for (const name of [
    'trusted.secret',
    'trusted.overlay.opaque',
    'security.selinux',
    'security.ima',
    'system.nfs4_acl',
    'user',
    'x',
    'posix_acl_access',
    'system.posix_acl_accessx',
  ]) {
    await t.throwsAsync(client.xattr(fid, name), { code: 'EOPNOTSUPP' }, name);
    await t.throwsAsync(client.setXattr(fid, name, 'x'), { code: 'EOPNOTSUPP' }, name);
  }
  await t.throwsAsync(client.xattr(fid, 'user.a\0b'), { code: 'EINVAL' });
  await t.throwsAsync(client.xattr(fid, 'user.' + 'n'.repeat(251)), { code: 'ERANGE' });
  await t.throwsAsync(client.setXattr(fid, '', 'x'), { code: 'EOPNOTSUPP' });
  await t.throwsAsync(client.xattr(fid, 'system.posix_acl_access'), { code: 'ENODATA' });
  await t.throwsAsync(client.xattr(root, 'system.posix_acl_default'), { code: 'ENODATA' });
});

test('ACLs and file capabilities go through', async (t) => {
  const dir = scratch(t);
  writeFileSync(join(dir, 'file'), 'x');
  mkdirSync(join(dir, 'folder'));
  const client = await NinepClient.start(t, dir);
  const root = await client.attach();
  const entry = (tag: number, perm: number, id = 0xffffffff): Buffer =>
    Buffer.concat([put.u16(tag), put.u16(perm), put.u32(id)]);
  const acl = Buffer.concat([
    put.u32(2),
    entry(1, 7),
    entry(2, 5, 1234),
    entry(4, 5),
    entry(16, 7),
    entry(32, 4),
  ]);
  const [file, folder] = [await client.walk(root, 'file'), await client.walk(root, 'folder')];
  await client.setXattr(file, 'system.posix_acl_access', acl);
  t.deepEqual(await client.xattr(file, 'system.posix_acl_access'), acl);
  t.is(statSync(join(dir, 'file')).mode, 0o100774);
  await client.setXattr(folder, 'system.posix_acl_default', acl);
  t.deepEqual(await client.xattr(folder, 'system.posix_acl_default'), acl);
  await client.setXattr(folder, 'system.posix_acl_default', '', 2);
  await t.throwsAsync(client.xattr(folder, 'system.posix_acl_default'), { code: 'ENODATA' });
  const capability = Buffer.concat([
    put.u32(0x02000001),
    put.u32(0x400),
    put.u32(0),
    put.u32(0),
    put.u32(0),
  ]);
  await client.setXattr(file, 'security.capability', capability);
  t.deepEqual(await client.xattr(file, 'security.capability'), capability);
});

test('an attribute that is read or written is no file, and the other way round', async (t) => {
  const dir = scratch(t);
  writeFileSync(join(dir, 'file'), 'x');
  const client = await NinepClient.start(t, dir);
  const root = await client.attach();
  const file = await client.walk(root, 'file');
  await client.setXattr(file, 'user.x', 'value');
  await client.call(T.xattrwalk, put.u32(file), put.u32(80), put.string('user.x'));
  const writer = await client.walk(file);
  await client.call(T.xattrcreate, put.u32(writer), put.string('user.y'), put.u64(5), put.u32(0));
  for (const fid of [80, writer]) {
    for (const call of [
      client.getattr(fid),
      client.lopen(fid),
      client.walk(fid),
      client.setattr(fid, 1),
      client.fsync(fid),
      client.lock(fid, 0),
      client.xattr(fid),
      client.readdir(fid),
      client.call(T.statfs, put.u32(fid)),
      client.call(T.xattrcreate, put.u32(fid), put.string('user.z'), put.u64(1), put.u32(0)),
    ])
      await t.throwsAsync(call, { code: 'EBADF' });
  }
  await t.throwsAsync(client.write(80, 0, 'x'), { code: 'EBADF' });
  await t.throwsAsync(client.read(writer), { code: 'EBADF' });
  t.is((await client.read(80, 2, 2)).toString(), 'lu');
  t.is((await client.read(80, 5)).length, 0);
  t.is((await client.read(80, 1e15)).length, 0);
  await t.throwsAsync(client.write(writer, 0, '123456'), { code: 'ENOSPC' });
  await t.throwsAsync(client.write(writer, 3, 'x'), { code: 'EINVAL' });
  await client.write(writer, 0, '123');
  await t.throwsAsync(client.write(writer, 3, '456'), { code: 'ENOSPC' });
  // Only a part of the value arrived.
  await t.throwsAsync(client.clunk(writer), { code: 'EINVAL' });
  await t.throwsAsync(client.clunk(writer), { code: 'EBADF' });
  await t.throwsAsync(client.xattr(file, 'user.y'), { code: 'ENODATA' });
  const open = await client.lopen(await client.walk(file), 2);
  const create = [put.string('user.y'), put.u64(5), put.u32(0)];
  await t.throwsAsync(client.call(T.xattrcreate, put.u32(open), ...create), { code: 'EINVAL' });
  await t.throwsAsync(client.call(T.xattrwalk, put.u32(file), put.u32(file), put.string('')), {
    code: 'EBADF',
  });
});

test('what attributes may take is bounded, in one and in all', async (t) => {
  const dir = scratch(t);
  writeFileSync(join(dir, 'file'), 'x');
  const client = await NinepClient.start(t, dir);
  const root = await client.attach();
  const create = async (size: number | bigint, flags = 0): Promise<number> => {
    const fid = await client.walk(root, 'file');
    await client.call(
      T.xattrcreate,
      put.u32(fid),
      put.string('user.x'),
      put.u64(size),
      put.u32(flags),
    );
    return fid;
  };
  await t.throwsAsync(create(65537), { code: 'E2BIG' });
  await t.throwsAsync(create((1n << 64n) - 1n), { code: 'E2BIG' });
  await t.throwsAsync(create(1, 3), { code: 'EINVAL' });
  const fids: number[] = [];
  await t.throwsAsync(
    (async () => {
      for (;;) fids.push(await create(65536));
    })(),
    { code: 'ENOMEM' },
  );
  t.true(fids.length >= 16 && fids.length <= 32, String(fids.length));
  // Clunking the fids without setting the attributes frees their memory.
  for (const fid of fids) await t.throwsAsync(client.clunk(fid), { code: 'EINVAL' });
  await create(65536);
});
