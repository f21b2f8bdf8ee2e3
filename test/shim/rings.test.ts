// SPDX-License-Identifier: Apache-2.0
// A guest's two rings with the real file server: replies that the guest does not take are bounded, and no ring starves the other.
// The guest's memory is a file (test/support/shim/fake_xen.c).

import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import anyTest, { type ExecutionContext } from 'ava';
import { ApiType, encodeShare } from '../../toolstack/api/wire.js';
import { encodeFields } from '../../toolstack/base/frame.js';
import { NO_FID, scratch, T } from '../support/ninep/client.js';
import { put } from '../support/ninep/fields.js';
import { programs } from '../support/programs.js';
import { GuestRing, REFS_OF_RINGS, WAY } from '../support/shim/guest-rings.js';
import { Sandbox } from '../support/shim/sandbox.js';
import { until, within } from '../support/within.js';

const test = process.getuid?.() === 0 ? anyTest : anyTest.skip;
if (process.getuid?.() !== 0) console.error('skipped: a file server has mounts of its own');

const { SHARE, SHARED, SAVE_FIDS, FIDS_SAVED } = ApiType;
/** The longest message, for which a ring must have room before the server takes a request. */
const MSIZE = 65560;
const READ = 60_000;
/** Bytes of an Rread with READ bytes of a file. */
const REPLY = 11 + READ;

interface Guest {
  rings: [GuestRing, GuestRing];
  sandbox: Sandbox;
  dir: string;
}

/** A guest with the share's file open as fid 2. */
async function guest(t: ExecutionContext): Promise<Guest> {
  const dir = scratch(t);
  mkdirSync(join(dir, 'export'));
  writeFileSync(join(dir, 'export/file'), 'x'.repeat(READ));
  const rings = GuestRing.make(t, join(dir, 'memory'));
  const listener = createServer().listen(join(dir, 'events'));
  t.teardown(() => listener.close());
  await once(listener, 'listening');
  const sandbox = await Sandbox.start(t, {
    program: programs().shimOfXen,
    prefix: ['env', `THAW_TEST_RINGS=${dir}/events`, `THAW_TEST_MEMORY=${dir}/memory`],
  });
  const connected = once(listener, 'connection') as Promise<[Socket]>;
  const exports = [{ path: join(dir, 'export'), readOnly: false }];
  sandbox.control.send(SHARE, 0, 0, encodeShare(REFS_OF_RINGS, exports));
  const [socket] = await within(10_000, 'a server', () => connected);
  socket.on('error', () => undefined).resume();
  for (const ring of rings) ring.connect(socket);
  const { payload } = await sandbox.control.nextOf(SHARED);
  if (payload.length > 0) throw new Error(payload.toString());
  const [ring] = rings;
  await ring.call(T.version, put.u32(MSIZE), put.string('9P2000.L'));
  const user = [put.u32(NO_FID), put.string(''), put.string(''), put.u32(0)];
  await ring.call(T.attach, put.u32(1), ...user);
  const names = [put.u16(2), put.string('0'), put.string('file')];
  await ring.call(T.walk, put.u32(1), put.u32(2), ...names);
  await ring.call(T.lopen, put.u32(2), put.u32(2));
  return { rings, sandbox, dir };
}

const read = (ring: GuestRing, count = READ): void =>
  ring.put(T.read, put.u32(2), put.u64(0), put.u32(count));

async function save({ sandbox }: Guest, path: string): Promise<string> {
  sandbox.control.send(SAVE_FIDS, 0, 0, encodeFields([path]));
  return (await sandbox.control.nextOf(FIDS_SAVED)).payload.toString();
}

test('a guest that takes no replies gets no more of them than its ring holds', async (t) => {
  const whole = await guest(t);
  const [ring, other] = whole.rings;
  for (let i = 0; i < 5; i++) read(ring);
  const size = ring.untaken / 5;
  ring.wake();
  await until('the ring is full', () => ring.unread === 2 * REPLY);
  t.true(WAY - ring.unread < MSIZE);
  // The server does not wait for that ring: it answers the other, and its shim.
  t.is((await other.call(T.getattr, put.u32(2), put.u64(0x3fff))).left, 153);
  t.is(await save(whole, join(whole.dir, 'snapshot')), '');
  t.is(await save(whole, ''), '');
  t.is(ring.unread, 2 * REPLY);
  t.is(ring.untaken, 3 * size);
  for (let i = 0; i < 5; i++) {
    const [type, fields] = await ring.take();
    t.is(type, T.read + 1);
    t.is(fields.u32(), READ);
    ring.wake();
  }
  t.is(ring.untaken, 0);
  t.is(ring.unread, 0);
});

test('a ring full of requests lets those of the other ring through', async (t) => {
  const whole = await guest(t);
  const [ring, other] = whole.rings;
  // A stopped server finds all requests at once.
  t.is(await save(whole, join(whole.dir, 'snapshot')), '');
  const count = 400;
  const write = (text: string): void =>
    ring.put(T.write, put.u32(2), put.u64(0), put.u32(text.length), Buffer.from(text));
  for (let i = 0; i < count; i++) write(String(i).padStart(3, '0'));
  read(other, 3);
  t.is(await save(whole, ''), '');
  const [type, fields] = await other.take();
  t.is(type, T.read + 1);
  fields.u32();
  // The server has answered one or two of the many then.
  t.regex(fields.bytes(3).toString(), /^(xxx|000|001)$/);
  await until('all are answered', () => ring.untaken === 0);
  for (let i = 0; i < count; i++) t.is((await ring.take())[0], T.write + 1);
  t.is(readFileSync(join(whole.dir, 'export/file'), 'utf8').slice(0, 3), String(count - 1));
});

test('a guest that forges the place of its replies ends its sandbox', async (t) => {
  const { rings, sandbox } = await guest(t);
  rings[0].forge();
  rings[0].wake();
  await until('the sandbox is lost', async () => (await sandbox.status()).state === 'lost');
  t.regex(JSON.stringify(await sandbox.status()), /the guest broke its 9pfs ring/);
});
