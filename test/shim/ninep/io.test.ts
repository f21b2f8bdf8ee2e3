// SPDX-License-Identifier: Apache-2.0
// Reads and writes transfer the right bytes, and wrong fids are answered with an errno.

import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { NinepClient, scratch, T } from '../../support/ninep/client.js';
import { put } from '../../support/ninep/fields.js';

test('a file is written, read in parts, and read beyond its end', async (t) => {
  const dir = scratch(t);
  const client = await NinepClient.start(t, dir);
  const root = await client.attach();
  const fid = await client.create(root, 'file');
  t.is(await client.write(fid, 0, 'hello, world'), 12);
  t.is(readFileSync(join(dir, 'file'), 'utf8'), 'hello, world');
  t.is((await client.read(fid, 0, 5)).toString(), 'hello');
  t.is((await client.read(fid, 7)).toString(), 'world');
  t.is((await client.read(fid, 12)).length, 0);
  t.is((await client.read(fid, 1_000_000)).length, 0);
});

test('a read is as long as a message may be, whatever was asked for', async (t) => {
  const dir = scratch(t);
  const bytes = Buffer.alloc(100_000, 'abcdefg');
  writeFileSync(join(dir, 'file'), bytes);
  const client = await NinepClient.start(t, dir, { msize: 8192 });
  const fid = await client.lopen(await client.walk(await client.attach(), 'file'));
  for (const count of [0xffffffff, 0x7fffffff, 8192, 8182])
    t.deepEqual(await client.read(fid, 0, count), bytes.subarray(0, 8192 - 11));
  t.deepEqual(await client.read(fid, 5, 8181), bytes.subarray(5, 8186));
  t.is((await client.read(fid, 0, 0)).length, 0);
});

test('the largest write that fits a message is taken whole', async (t) => {
  const dir = scratch(t);
  const client = await NinepClient.start(t, dir, { msize: 8192 });
  const fid = await client.create(await client.attach(), 'file');
  const bytes = Buffer.alloc(8192 - 23, 'x');
  t.is(await client.write(fid, 3, bytes), bytes.length);
  t.deepEqual(readFileSync(join(dir, 'file')), Buffer.concat([Buffer.alloc(3), bytes]));
});

test('offsets beyond what a file can have are refused', async (t) => {
  const client = await NinepClient.start(t, scratch(t));
  const fid = await client.create(await client.attach(), 'file');
  const huge = put.u64(1n << 63n);
  for (const [type, ...fields] of [
    [T.read, put.u32(fid), huge, put.u32(1)],
    [T.write, put.u32(fid), huge, put.u32(1), Buffer.from('x')],
  ] as const)
    await t.throwsAsync(client.call(type, ...fields), { code: 'EINVAL' });
  await t.throwsAsync(
    client.call(T.write, put.u32(fid), put.u64((1n << 63n) - 1n), put.u32(2), Buffer.from('xx')),
    { message: /EFBIG|EINVAL/ },
  );
});

test('holes stay holes', async (t) => {
  const dir = scratch(t);
  const client = await NinepClient.start(t, dir);
  const fid = await client.create(await client.attach(), 'sparse');
  await client.write(fid, 64 * 1024 * 1024, 'end');
  t.deepEqual(await client.read(fid, 4096, 100), Buffer.alloc(100));
  const { size, blocks } = await client.getattr(fid);
  t.is(size, 64n * 1024n * 1024n + 3n);
  t.true(blocks < 200n, String(blocks));
  t.true(statSync(join(dir, 'sparse')).blocks < 200);
});

test('an appending fid writes at the end, wherever it is told to', async (t) => {
  const dir = scratch(t);
  writeFileSync(join(dir, 'file'), 'one\n');
  const client = await NinepClient.start(t, dir);
  const fid = await client.lopen(await client.walk(await client.attach(), 'file'), 0o2001);
  await client.write(fid, 0, 'two\n');
  writeFileSync(join(dir, 'file'), 'three\n', { flag: 'a' });
  await client.write(fid, 0, 'four\n');
  t.is(readFileSync(join(dir, 'file'), 'utf8'), 'one\ntwo\nthree\nfour\n');
});

test('the last offset of all is the end of the file, wherever others have moved it', async (t) => {
  const dir = scratch(t);
  const client = await NinepClient.start(t, dir);
  const fid = await client.create(await client.attach(), 'file');
  const append = (text: string) =>
    client.call(
      ...([T.write, put.u32(fid), put.u64((1n << 64n) - 1n), put.u32(text.length)] as const),
      Buffer.from(text),
    );
  await append('one ');
  appendFileSync(join(dir, 'file'), 'two ');
  await append('three');
  t.is(readFileSync(join(dir, 'file'), 'utf8'), 'one two three');
  await client.write(fid, 0, 'ONE');
  t.is(readFileSync(join(dir, 'file'), 'utf8'), 'ONE two three');
});

test('a file that was removed while it was open can be read, written, cut and looked at', async (t) => {
  const dir = scratch(t);
  const client = await NinepClient.start(t, dir);
  const root = await client.attach();
  const fid = await client.create(root, 'file');
  const other = await client.walk(root, 'file');
  await client.write(fid, 0, '0123456789');
  await client.unlinkat(root, 'file');
  await client.setattr(fid, 8, { size: 4 });
  await client.write(fid, 4, 'x');
  t.is((await client.read(fid)).toString(), '0123x');
  t.is((await client.getattr(fid)).nlink, 0n);
  t.is((await client.getattr(other)).size, 5n);
  await client.setattr(other, 8 + 1, { size: 2, mode: 0o600 });
  t.is((await client.read(await client.lopen(other))).toString(), '01');
  t.is((await client.getattr(fid)).mode, 0o100600);
  unlinkSyncFails(t, join(dir, 'file'));
});

function unlinkSyncFails(t: { throws: (f: () => void, e: object) => unknown }, path: string): void {
  t.throws(() => unlinkSync(path), { code: 'ENOENT' });
}

test('data reaches the disk when it is asked to', async (t) => {
  const dir = scratch(t);
  const client = await NinepClient.start(t, dir);
  const root = await client.attach();
  const fid = await client.create(root, 'file');
  await client.write(fid, 0, 'x');
  await client.fsync(fid);
  await client.fsync(fid, 1);
  const folder = await client.lopen(await client.walk(root));
  await client.fsync(folder);
  await t.throwsAsync(client.fsync(root), { code: 'EBADF' });
});

test('what is not open, or not open for that, is EBADF', async (t) => {
  const dir = scratch(t);
  writeFileSync(join(dir, 'file'), 'text');
  mkdirSync(join(dir, 'folder'));
  const client = await NinepClient.start(t, dir);
  const root = await client.attach();
  const file = await client.walk(root, 'file');
  await t.throwsAsync(client.read(file), { code: 'EBADF' });
  await t.throwsAsync(client.write(file, 0, 'x'), { code: 'EBADF' });
  await t.throwsAsync(client.read(4711), { code: 'EBADF' });
  await t.throwsAsync(client.write(4711, 0, 'x'), { code: 'EBADF' });
  await client.lopen(file, 0);
  await t.throwsAsync(client.write(file, 0, 'x'), { code: 'EBADF' });
  const writer = await client.lopen(await client.walk(root, 'file'), 1);
  await t.throwsAsync(client.read(writer), { code: 'EBADF' });
  const folder = await client.lopen(await client.walk(root, 'folder'));
  await t.throwsAsync(client.read(folder), { code: 'EISDIR' });
  await t.throwsAsync(client.write(folder, 0, 'x'), { code: 'EBADF' });
});
