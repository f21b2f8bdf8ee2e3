// SPDX-License-Identifier: Apache-2.0
// The real file servers of one guest hold a bounded number of descriptors between them, and no flood of requests keeps a server from its shim.

import { join } from 'node:path';
import anyTest, { type ExecutionContext } from 'ava';
import { ApiType } from '../../toolstack/api/wire.js';
import { NO_FID, T } from '../support/ninep/client.js';
import { put } from '../support/ninep/fields.js';
import { ShareHost, type Ring } from '../support/shim/share-host.js';
import { within } from '../support/within.js';

const test = process.getuid?.() === 0 ? anyTest : anyTest.skip;
if (process.getuid?.() !== 0) console.error('skipped: a file server has mounts of its own');

/** These programs' budgets (toolstack/shim/Makefile): of a server, of a sandbox, and of a server in any case. */
const [SERVER, SANDBOX, SURE] = [96, 128, 16];
const ENFILE = 23;
const RLERROR = 7;
/** Bytes of the fields of an Rgetattr. */
const GETATTR_REPLY = 153;

/** Makes fids until the server refuses one, and returns their number. The errno must be ENFILE. */
async function fill(t: ExecutionContext, ring: Ring, first: number): Promise<number> {
  for (let count = 0; ; count++) {
    ring.send(T.walk, put.u32(1), put.u32(first + count), put.u16(0));
    const [type, answer] = await ring.reply();
    if (type === T.walk + 1) continue;
    t.deepEqual([type, answer.u32()], [RLERROR, ENFILE]);
    return count;
  }
}

test('servers of one guest share a budget, of which each has its part for sure', async (t) => {
  const host = await ShareHost.start(t);
  const [one, two, three] = [await host.begin(1), await host.begin(2), await host.begin(3)];
  // Each has the fid of its tree.
  t.is(await fill(t, one, 10), SERVER - 1);
  t.is(await fill(t, two, 10), SANDBOX - SERVER - 2);
  t.is(await fill(t, three, 10), SURE - 1);
  for (let fid = 10; fid < 40; fid++) await one.call(T.clunk, put.u32(fid));
  // The third has more than the budget had left.
  t.is(await fill(t, two, 1000), 30 - SURE + 1);
  host.sandbox.control.send(ApiType.UNSHARE, 1, 0);
  await host.sandbox.control.nextOf(ApiType.UNSHARED);
  const ofTwo = SANDBOX - SERVER - 1 + 30 - SURE + 1;
  t.is(await fill(t, three, 1000), SANDBOX - ofTwo - SURE);
  const again = await host.begin(1);
  t.is(await fill(t, again, 10), SURE - 1);
});

test('a guest that floods its server keeps it from no snapshot for long', async (t) => {
  const host = await ShareHost.start(t, 1);
  const ring = await host.begin(0);
  let isOver = false;
  const ask = (): void => ring.send(T.getattr, put.u32(1), put.u64(1));
  const flood = async (): Promise<void> => {
    while (!isOver) {
      await ring.reply();
      ask();
    }
  };
  for (let i = 0; i < 2000; i++) ask();
  const flooded = flood();
  const file = join(host.dir, 'snapshot');
  const why = 'Cannot save the open files: the guest does not stop asking for files';
  t.is(await host.saveFids(0, file), why);
  isOver = true;
  await flooded;
  for (let i = 0; i < 2000; i++) await ring.reply();
  t.is(await host.saveFids(0, file), '');
});

test('a server whose requests take long hears of the end of its shim after one of them', async (t) => {
  const host = await ShareHost.start(t, 50);
  const ring = await host.begin(0);
  const user = [put.u32(NO_FID), put.string(''), put.string(''), put.u32(1000)];
  await ring.call(T.attach, put.u32(2), ...user);
  await ring.call(T.walk, put.u32(2), put.u32(3), put.u16(1), put.string('0'));
  // From now on the kernel does not end the server with its parent: the server has changed its user.
  await ring.call(T.mkdir, put.u32(3), put.string('made'), put.u32(0o755), put.u32(0));
  for (let i = 0; i < 200; i++) ring.send(T.getattr, put.u32(1), put.u64(1));
  await ring.reply();
  host.sandbox.shim.kill('SIGKILL');
  await host.sandbox.shimExit;
  const before = ring.received;
  await within(10_000, 'the end of the server', () => ring.closed);
  const replies = (ring.received - before) / (7 + GETATTR_REPLY);
  t.true(replies <= 5, `${replies} replies after the end of the shim`);
});
