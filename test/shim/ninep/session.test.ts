// SPDX-License-Identifier: Apache-2.0
// A connection's begin and end, the requests that end it, and the permitted use of fids.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { message, NinepClient, NO_FID, scratch, T } from '../../support/ninep/client.js';
import { put } from '../../support/ninep/fields.js';

test('the smaller message size counts, and only 9P2000.L is spoken', async (t) => {
  const client = NinepClient.open(t, scratch(t), { msizeMax: 16384 });
  t.deepEqual(await client.version(8192), [8192, '9P2000.L']);
  t.deepEqual(await client.version(1_000_000), [16384, '9P2000.L']);
  await t.throwsAsync(client.version(4095), { code: 'EINVAL' });
  for (const version of ['9P2000', '9P2000.u', '9P2000.Lx', '9P2000.', ''])
    t.deepEqual(await client.version(8192, version), [8192, 'unknown']);
  // No version was negotiated.
  t.is(await client.raw(message(T.clunk, 1, put.u32(1))), undefined);
  t.is(await client.close(), 3);
});

test('a second Tversion forgets all fids', async (t) => {
  const client = await NinepClient.start(t, scratch(t));
  const root = await client.attach();
  const fid = await client.create(root, 'file');
  t.true(await client.lock(fid, 1));
  await client.version();
  await t.throwsAsync(client.getattr(root), { code: 'EBADF' });
  await t.throwsAsync(client.read(fid), { code: 'EBADF' });
  t.is(await client.attach(0, root), root);
});

const attached = (fid: number): Buffer =>
  Buffer.concat([put.u32(fid), put.u32(NO_FID), put.string(''), put.string(''), put.u32(0)]);
const BROKEN: [string, Buffer][] = [
  ['a size below a header', Buffer.concat([put.u32(6), put.u16(0)])],
  ['a size of nothing', put.u32(0)],
  ['a size above the most', put.u32(0xffffffff)],
  ['no fields', message(T.attach, 1)],
  ['a short last field', message(T.attach, 1, attached(9).subarray(0, -1))],
  ['a byte too many', message(T.attach, 1, attached(9), put.u8(0))],
  ['a string beyond the end', message(T.mkdir, 1, put.u32(1), put.u16(0xffff), Buffer.from('x'))],
  ['fewer names than announced', message(T.walk, 1, put.u32(1), put.u32(2), put.u16(3))],
  ['more names than announced', message(T.walk, 1, put.u32(1), put.u32(2), put.u16(0), put.u8(0))],
  ['a write of more than came', message(T.write, 1, put.u32(1), put.u64(0), put.u32(100))],
  [
    'a write of less than came',
    message(T.write, 1, put.u32(1), put.u64(0), put.u32(1), Buffer.alloc(2)),
  ],
  ['a write of 4 GiB', message(T.write, 1, put.u32(1), put.u64(0), put.u32(0xffffffff))],
  ['a version without its name', message(T.version, 1, put.u32(8192))],
];

for (const [name, bytes] of BROKEN)
  test(`${name} ends the connection`, async (t) => {
    const client = await NinepClient.start(t, scratch(t));
    await client.attach(0, 1);
    t.is(await client.raw(bytes), undefined);
    t.is(await client.close(), 3);
  });

test('each message cut short anywhere ends the connection', async (t) => {
  const dir = scratch(t);
  for (const type of Object.values(T)) {
    const client = await NinepClient.start(t, dir);
    await client.attach(0, 1);
    t.is(await client.raw(message(type, 1, put.u8(1))), undefined, String(type));
    await client.close();
  }
});

test('a request above the agreed size ends the connection, also where the server takes more', async (t) => {
  const client = await NinepClient.start(t, scratch(t), { msize: 4096 });
  await client.attach(0, 1);
  const fields = [put.u32(1), put.u64(0), put.u32(5000), Buffer.alloc(5000)];
  t.is(await client.raw(message(T.write, 1, ...fields)), undefined);
});

test('a message before the version ends the connection', async (t) => {
  const client = NinepClient.open(t, scratch(t));
  t.is(await client.raw(message(T.attach, 1, attached(1))), undefined);
  t.is(await client.close(), 3);
});

test('messages that are not spoken are answered so, whatever is in them', async (t) => {
  const client = await NinepClient.start(t, scratch(t));
  const known = new Set<number>(Object.values(T));
  for (let type = 0; type < 256; type++)
    if (!known.has(type))
      await t.throwsAsync(client.call(type, put.u64(0)), { code: 'EOPNOTSUPP' });
});

test('a flush is answered', async (t) => {
  const client = await NinepClient.start(t, scratch(t));
  t.is((await client.call(T.flush, put.u16(99))).left, 0);
});

test('there is one tree, and no authentication', async (t) => {
  const client = await NinepClient.start(t, scratch(t));
  await client.attach(0, client.fid(), '/');
  await t.throwsAsync(client.attach(0, client.fid(), '/etc'), { code: 'ENOENT' });
  await t.throwsAsync(client.attach(0, client.fid(), 'x'), { code: 'ENOENT' });
  const fields = [put.u32(50), put.u32(1), put.string(''), put.string(''), put.u32(0)];
  await t.throwsAsync(client.call(T.attach, ...fields), { code: 'EINVAL' });
});

test('a fid is used once, and exists until it is clunked', async (t) => {
  const dir = scratch(t);
  writeFileSync(join(dir, 'file'), 'x');
  const client = await NinepClient.start(t, dir);
  const root = await client.attach();
  await t.throwsAsync(client.attach(0, root), { code: 'EBADF' });
  await t.throwsAsync(client.attach(0, NO_FID), { code: 'EBADF' });
  const file = await client.walk(root, 'file');
  await t.throwsAsync(client.walkTo(root, file, 'file'), { code: 'EBADF' });
  await t.throwsAsync(client.walkTo(root, NO_FID, 'file'), { code: 'EBADF' });
  await t.throwsAsync(client.walkTo(4711, 60, 'file'), { code: 'EBADF' });
  await client.clunk(file);
  for (const call of [
    client.clunk(file),
    client.getattr(file),
    client.lopen(file),
    client.readlink(file),
    client.fsync(file),
    client.setattr(file, 1),
    client.readdir(file),
    client.xattr(file),
    client.lock(file, 0),
    client.getlock(file, 0),
    client.lcreate(file, 'x'),
    client.mkdir(file, 'x'),
    client.mknod(file, 'x', 0o100644),
    client.symlink(file, 'x', 'y'),
    client.link(root, file, 'x'),
    client.link(file, root, 'x'),
    client.renameat(file, 'x', root, 'y'),
    client.renameat(root, 'x', file, 'y'),
    client.unlinkat(file, 'x'),
    client.call(T.statfs, put.u32(file)),
    client.call(T.remove, put.u32(file)),
    client.call(T.rename, put.u32(root), put.u32(file), put.string('x')),
  ])
    await t.throwsAsync(call, { code: 'EBADF' });
});

test('Tremove and Trename are refused; the first gives up its fid nevertheless', async (t) => {
  const dir = scratch(t);
  writeFileSync(join(dir, 'file'), 'x');
  const client = await NinepClient.start(t, dir);
  const root = await client.attach();
  const file = await client.walk(root, 'file');
  const rename = client.call(T.rename, put.u32(file), put.u32(root), put.string('new'));
  await t.throwsAsync(rename, { code: 'EOPNOTSUPP' });
  await client.getattr(file);
  await t.throwsAsync(client.call(T.remove, put.u32(file)), { code: 'EOPNOTSUPP' });
  await t.throwsAsync(client.getattr(file), { code: 'EBADF' });
  t.deepEqual(
    (await client.list(root)).map(({ name }) => name),
    ['file'],
  );
});

test('fids are bounded, and can be had again', async (t) => {
  const client = await NinepClient.start(t, scratch(t), { fewFids: true });
  const root = await client.attach();
  for (let count = 1; count < 64; count++) await client.walk(root);
  await t.throwsAsync(client.walk(root), { code: 'ENFILE' });
  await t.throwsAsync(client.attach(), { code: 'ENFILE' });
  await client.clunk(root + 1);
  await client.walk(root);
});

test('descriptors are bounded: of fids, of open files and of locked files', async (t) => {
  const dir = scratch(t);
  for (const name of ['cut', 'kept']) writeFileSync(join(dir, name), 'x');
  // The budget of this program is 80.
  const client = await NinepClient.start(t, dir, { fewFids: true });
  const root = await client.attach();
  const open = async (): Promise<number> => client.lopen(await client.walk(root, 'cut'), 2);
  const fids: number[] = [];
  while (fids.length < 38) fids.push(await open());
  const [first = 0, second = 0] = fids;
  t.true(await client.lock(first, 1));
  await client.walk(root, 'kept');
  const last = await client.walk(root, 'kept');
  await t.throwsAsync(client.walk(root, 'kept'), { code: 'ENFILE' });
  await t.throwsAsync(client.attach(), { code: 'ENFILE' });
  // A refused request changes no file.
  await t.throwsAsync(client.lopen(last, 0o1002), { code: 'ENFILE' });
  await client.clunk(second);
  const folder = await client.walk(root);
  await client.walk(root);
  await t.throwsAsync(client.lcreate(folder, 'new'), { code: 'ENFILE' });
  t.deepEqual(readdirSync(dir).sort(), ['cut', 'kept']);
  t.is(readFileSync(join(dir, 'kept'), 'utf8'), 'x');
  // A second locked file needs one more. The first locked file has its descriptor.
  await client.clunk(folder);
  await client.lopen(last, 2);
  await t.throwsAsync(client.lock(last, 1), { code: 'ENFILE' });
  t.true(await client.lock(fids[2] ?? 0, 0, 5, 1));
  await client.version();
  await client.attach(0, root);
  for (let count = 0; count < 39; count++) await open();
  await t.throwsAsync(open(), { code: 'ENFILE' });
});

test('ten thousand fids are told apart, in whatever order they go', async (t) => {
  const dir = scratch(t);
  for (const name of ['a', 'b', 'c']) writeFileSync(join(dir, name), name);
  const client = await NinepClient.start(t, dir);
  const root = await client.attach(0, 0x80000000);
  const number = (i: number): number => (i * 2654435761) % 0x7fffffff;
  for (let i = 1; i <= 10_000; i++) await client.walkTo(root, number(i), 'abc'.charAt(i % 3));
  const paths = new Set<bigint>();
  for (let i = 1; i <= 3; i++) paths.add((await client.getattr(number(i))).qid.path);
  t.is(paths.size, 3);
  for (let i = 10_000; i > 3; i -= 2) await client.clunk(number(i));
  for (let i = 1; i <= 10_000; i += i < 3 ? 1 : 2) {
    const fid = await client.lopen(number(i));
    t.is((await client.read(fid)).toString(), 'abc'.charAt(i % 3));
    await client.clunk(fid);
  }
});

test('when the server has no descriptor left the guest is told so', async (t) => {
  const client = await NinepClient.start(t, scratch(t), { prefix: ['prlimit', '--nofile=20:20'] });
  const root = await client.attach();
  const fids: number[] = [];
  await t.throwsAsync(
    (async () => {
      for (;;) fids.push(await client.walk(root));
    })(),
    { code: 'EMFILE' },
  );
  for (const fid of fids) await client.clunk(fid);
  await client.create(root, 'file');
});
