// SPDX-License-Identifier: Apache-2.0

import test, { type ExecutionContext } from 'ava';
import { asDomid } from '../../../../toolstack/base/ids.js';
import { MemberDisks } from '../../../../toolstack/runtime/shared-domain/disks.js';
import type { LoopDevices } from '../../../../toolstack/xen/loop.js';
import { FakeLibxl, fakeXenHost } from '../../../support/xen/fake-xen-host.js';
import { joinFake } from '../../../support/xenstore/xenstore.js';

const DOMID = 5;
const UUID = '74686177-0000-4000-8000-000000000001';

async function podDisks(
  t: ExecutionContext,
  acquire = (): Promise<string> => Promise.resolve('/dev/null'),
  first = 0,
) {
  const { client } = await joinFake(t);
  const loops: string[] = [];
  const fake = {
    acquire: (file: string) => acquire().then((node) => (loops.push(`+${file}`), node)),
    acquireWritable: (file: string) => acquire().then((node) => (loops.push(`+w${file}`), node)),
    release: (file: string) => Promise.resolve(void loops.push(`-${file}`)),
  };
  // SAFETY: the test uses no other member.
  const services = {
    host: fakeXenHost(new FakeLibxl(), client),
    loops: fake as unknown as LoopDevices,
  };
  const domain = { domid: asDomid(DOMID), uuid: UUID, first };
  return { disks: new MemberDisks(services, domain), loops, client };
}

test('a layer that two containers have is one disk, a writable layer its container’s alone', async (t) => {
  const { disks } = await podDisks(t);
  const [a, upper, b, other] = [
    disks.take('/l/a', false),
    disks.take('/c/1', true),
    disks.take('/l/a', false),
    disks.take('/l/b', false),
  ];
  t.deepEqual([a?.index, upper?.index, b?.index, other?.index], [0, 1, 0, 2]);
  t.is(other && MemberDisks.guestName(other), 'xvdc');
});

test('the number of a disk that is gone is free, and one that has a user stays', async (t) => {
  const { disks } = await podDisks(t);
  const first = disks.take('/l/a', false);
  disks.take('/l/a', false);
  await disks.give(first, false);
  t.is(disks.take('/l/b', false).index, 1);
  await disks.give(first, false);
  t.is(disks.take('/l/c', false).index, 0);
});

test('what cannot be plugged has no loop device afterwards', async (t) => {
  // The kernel reports no block device for it.
  const { disks, loops } = await podDisks(t, () => Promise.resolve('/etc/passwd'));
  const disk = disks.take('/c/1', true);
  await t.throwsAsync(disks.plug(disk), { code: 'ERR_XEN_VBD' });
  await disks.give(disk, true);
  t.deepEqual(loops, ['+w/c/1', '-/c/1']);
});

test('disks of an earlier thawd are given back as its own', async (t) => {
  const { disks, loops } = await podDisks(t);
  const disk = { file: '/l/a', index: 4, isWritable: false };
  await disks.adopt(disk);
  await disks.adopt(disk);
  await disks.give(disk, false);
  t.deepEqual(loops, ['+/l/a']);
  await disks.give(disk, false);
  t.deepEqual(loops, ['+/l/a', '-/l/a']);
});

test('what the domain has for itself is nobody’s to have, nor to be swept', async (t) => {
  const { disks, client } = await podDisks(t, undefined, 2);
  t.is(disks.take('/l/a', false).index, 2);
  await disks.adopt({ file: '/l/b', index: 3, isWritable: false });
  const folder = `/local/domain/0/backend/vbd/${DOMID}`;
  const devids = [0, 1, 2, 3, 4].map((index) => String((202 << 8) | (index << 4)));
  for (const devid of devids) await client.write(`${folder}/${devid}/mode`, 'r');
  await disks.sweep();
  t.deepEqual(await client.directory(folder), devids.slice(0, 4));
});
