// SPDX-License-Identifier: Apache-2.0
// The values set in Xen when a domain grows, and the memory that Xen accounts to a domain.

import test from 'ava';
import { asDomid } from '../../../toolstack/base/ids.js';
import { pagingPoolKib, setMemoryTarget } from '../../../toolstack/xen/memory.js';
import { shapeFor } from '../../../toolstack/clone/template/shape.js';
import { FakeLibxl, fakeXenHost } from '../../support/xen/fake-xen-host.js';
import { joinFake } from '../../support/xenstore/xenstore.js';

test("Xen's limit follows before the guest is told its target", async (t) => {
  const libxl = new FakeLibxl();
  const { client } = await joinFake(t);
  await client.write('/local/domain/3/memory/target', '65536');
  await setMemoryTarget(fakeXenHost(libxl, client), asDomid(3), 131072);
  t.deepEqual(libxl.calls, [['setMaxMemory', 3, 131072 + 1024]]);
  t.is(await client.read('/local/domain/3/memory/target'), '131072');
});

test('an idle domain of base size is at most 16 MiB with its paging pool', (t) => {
  const { memoryKib, vcpus } = shapeFor('pvh', 1, 8);
  t.is(pagingPoolKib(memoryKib, vcpus), 4 * (256 + 15));
  t.true(memoryKib - HOLE_KIB + pagingPoolKib(memoryKib, vcpus) <= 16 * 1024);
});

/** From 640 KiB to 1 MiB a PC has no memory; eight of these pages Xen uses for itself. */
const HOLE_KIB = 72;
