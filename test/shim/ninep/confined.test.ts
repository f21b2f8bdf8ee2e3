// SPDX-License-Identifier: Apache-2.0
// The file server works with its allowed system calls, and ends at any other.

import test from 'ava';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NinepClient, scratch, SET, T } from '../../support/ninep/client.js';
import { put } from '../../support/ninep/fields.js';

const CONFINED = { confined: {} };

test('everything that a guest may ask is answered', async (t) => {
  const folder = scratch(t);
  writeFileSync(join(folder, 'there'), 'x'.repeat(200_000));
  const client = await NinepClient.start(t, folder, CONFINED);
  const root = await client.attach(0);
  const file = await client.create(root, 'new');
  await client.write(file, 0, 'text');
  await client.call(
    T.write,
    put.u32(file),
    put.u64((1n << 64n) - 1n),
    put.u32(2),
    Buffer.from('ed'),
  );
  await client.fsync(file);
  await client.fsync(file, 1);
  t.is(String(await client.read(file)), 'texted');
  t.true(await client.lock(file, 1));
  await client.getlock(file, 1);
  t.true(await client.lock(file, 2));
  await client.mkdir(root, 'folder');
  await client.symlink(root, 'link', 'new');
  await client.mknod(root, 'pipe', 0o010644);
  await client.mknod(root, 'removed', 0o020000);
  t.is(await client.readlink(await client.walk(root, 'link')), 'new');
  await client.link(root, await client.walk(root, 'new'), 'again');
  await client.renameat(root, 'again', await client.walk(root, 'folder'), 'moved');
  t.deepEqual((await client.list(root)).map(({ name }) => name).sort(), [
    ...['folder', 'link', 'new', 'pipe', 'removed', 'there'],
  ]);
  const fid = await client.walk(root, 'new');
  const { mode, uid, gid, size, atimeSet, mtimeSet, atime, mtime } = SET;
  await client.setattr(fid, mode | uid | gid | size, { mode: 0o600, uid: 7, gid: 8, size: 2 });
  await client.setattr(fid, atime | mtime | atimeSet | mtimeSet, {
    atime: [1n, 2n],
    mtime: [3n, 4n],
  });
  t.like(await client.getattr(fid), { uid: 7, gid: 8, size: 2n });
  await client.setXattr(fid, 'user.a', 'value');
  t.is(String(await client.xattr(fid)), 'user.a\0');
  t.is(String(await client.xattr(fid, 'user.a')), 'value');
  await client.setXattr(fid, 'user.a', '', 2);
  const up = await client.walk(root, 'folder', '..', 'there');
  await client.lopen(up);
  t.is((await client.read(up, 100_000, 60_000)).length, 60_000);
  await client.unlinkat(await client.walk(root, 'folder'), 'moved');
  await client.unlinkat(root, 'folder', 0x200);
  // Acts as another user.
  const other = await client.attach(1000);
  await client.create(other, 'theirs');
  t.is(statSync(join(folder, 'theirs')).uid, 1000);
  t.is(readFileSync(join(folder, 'new'), 'utf8'), 'te');
  t.is(await client.close(), 0);
});

// By their numbers on x86_64. The third argument is that of executable memory, and of an ioctl that is not allowed.
const CALLS = { 9: 'mmap', 10: 'mprotect', 62: 'kill', 234: 'tgkill', 41: 'socket', 59: 'execve', 101: 'ptrace', 165: 'mount', 304: 'open_by_handle_at', 310: 'process_vm_readv', 425: 'io_uring_setup', 321: 'bpf', 16: 'ioctl' }; // prettier-ignore

for (const [number, name] of Object.entries(process.arch === 'x64' ? CALLS : {}))
  test(`${name} is its end`, async (t) => {
    const options = { confined: { try: Number(number) } };
    const client = NinepClient.open(t, scratch(t), options);
    t.is(await client.close(), 'SIGSYS');
  });
