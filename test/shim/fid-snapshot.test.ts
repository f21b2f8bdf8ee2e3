// SPDX-License-Identifier: Apache-2.0
// The real file servers, in their sandbox of namespaces and system calls. A server stops and resumes, or a new one takes over its fids.
// The guest's ring is a socket (test/support/shim/rings.c).

import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import anyTest, { type ExecutionContext } from 'ava';
import { ApiType } from '../../toolstack/api/wire.js';
import { T } from '../support/ninep/client.js';
import { put, type Fields } from '../support/ninep/fields.js';
import { encodeSnapshot, FILE } from '../support/ninep/snapshot.js';
import { ShareHost, type Ring } from '../support/shim/share-host.js';

const test = process.getuid?.() === 0 ? anyTest : anyTest.skip;
if (process.getuid?.() !== 0) console.error('skipped: a file server has mounts of its own');

async function begun(t: ExecutionContext): Promise<{ host: ShareHost; ring: Ring; file: string }> {
  const host = await ShareHost.start(t);
  const ring = await host.begin(0);
  await ring.walk(2, '0', 'file');
  await ring.call(T.lopen, put.u32(2), put.u32(2));
  await ring.walk(3, '1');
  await ring.call(T.lopen, put.u32(3), put.u32(0));
  return { host, ring, file: join(host.dir, 'snapshot') };
}

test('one answers what it was asked, saves its fids, stops, and resumes with what came meanwhile', async (t) => {
  const { host, ring, file } = await begun(t);
  const write = (text: string): void =>
    ring.send(T.write, put.u32(2), put.u64(0), put.u32(text.length), Buffer.from(text));
  for (let i = 0; i < 200; i++) write(`number ${i}`);
  t.is(await host.saveFids(0, file), '');
  t.is(statSync(file).mode & 0o777, 0o600);
  for (let i = 0; i < 200; i++) t.is((await ring.reply())[0], T.write + 1);
  t.is(readFileSync(join(host.dir, 'export/file'), 'utf8'), 'number 199');
  write('later');
  await host.sandbox.status();
  await new Promise((resolve) => setTimeout(resolve, 100));
  t.true(ring.isSilent);
  t.is(await host.saveFids(0, ''), '');
  t.is((await ring.reply())[0], T.write + 1);
  t.is(await ring.read(2), 'laterr 199');
  t.is((await host.sandbox.status()).state, 'up');
});

test('another goes on in its place, with the same numbers of files', async (t) => {
  const { host, ring, file } = await begun(t);
  const lock = (server: Ring): Promise<Fields> =>
    server.call(T.lock, ...[put.u32(2), put.u8(1), put.u32(0), put.u64(0), put.u64(0)], put.u32(1), put.string('')); // prettier-ignore
  t.is((await lock(ring)).u8(), 0);
  const qids = [await ring.walk(4, '0', 'file'), await ring.walk(5, '1')];
  t.is(await host.saveFids(0, file), '');
  t.is(
    await host.share(1, file),
    'Cannot restore 0/file: another guest or the host has locked it',
    'the first one lives',
  );
  host.sandbox.control.send(ApiType.UNSHARE, 0, 0);
  await host.sandbox.control.nextOf(ApiType.UNSHARED);
  const next = await host.share(0, file);
  if (typeof next === 'string') return t.fail(next);
  t.deepEqual([await next.read(2), await next.read(3)], ['content', 'alone']);
  t.is((await lock(next)).u8(), 0);
  const again = [await next.walk(6, '0', 'file'), await next.walk(7, '1')];
  const all = (fields: Fields): string => fields.bytes(fields.left).toString('hex');
  t.deepEqual(again.map(all), qids.map(all));
});

test('one that has a file without a name says so, and serves on', async (t) => {
  const { host, ring, file } = await begun(t);
  rmSync(join(host.dir, 'export/file'));
  t.is(await host.saveFids(0, file), 'Cannot save 0/file: it is open, and has been deleted');
  t.false(existsSync(file));
  t.is(await ring.read(2), 'content');
  await ring.call(T.clunk, put.u32(2));
  t.is(await host.saveFids(0, file), '');
});

test('a forged one gets no more than a guest', async (t) => {
  const host = await ShareHost.start(t);
  const file = join(host.dir, 'snapshot');
  let device = 0;
  for (const [path, why] of [
    ['0/file', ''],
    ['../etc/passwd', 'Cannot restore ../etc/passwd: Invalid cross-device link'],
    ['1', 'Cannot restore 1: Read-only file system'],
    ['0/none', 'Cannot restore 0/none: No such file or directory'],
  ] as const) {
    const fids = [{}, { number: 2, path, mode: FILE, flags: 2 }];
    writeFileSync(file, encodeSnapshot({ fids }));
    const ring = await host.share(device++, file);
    if (typeof ring === 'string') t.is(ring, why);
    else t.is(await ring.read(2), 'content');
  }
  t.is((await host.sandbox.status()).state, 'up');
});
