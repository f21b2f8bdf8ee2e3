// SPDX-License-Identifier: Apache-2.0
// The real file servers of one guest hold a bounded number of descriptors between them.

import anyTest, { type ExecutionContext } from 'ava';
import { ApiType } from '../../toolstack/api/wire.js';
import { T } from '../support/ninep/client.js';
import { put } from '../support/ninep/fields.js';
import { ShareHost, type Ring } from '../support/shim/share-host.js';

const test = process.getuid?.() === 0 ? anyTest : anyTest.skip;
if (process.getuid?.() !== 0) console.error('skipped: a file server has mounts of its own');

/** These programs' budgets (toolstack/shim/Makefile): of a server, of a sandbox, and of a server in any case. */
const [SERVER, SANDBOX, SURE] = [96, 128, 16];
const ENFILE = 23;
const RLERROR = 7;

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
