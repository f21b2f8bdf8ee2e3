// SPDX-License-Identifier: Apache-2.0
// What Xen is told when a domain grows, and what it accounts to one.

import test from 'ava';
import { asDomid } from '../../../toolstack/base/ids.js';
import { pagingPoolKib, setMemoryTarget } from '../../../toolstack/xen/memory.js';
import { shapeFor } from '../../../toolstack/clone/shape.js';
import { FakeLibxl, fakeXenHost } from '../../support/fake-xen-host.js';

test("the target is enforced, so that Xen's limit follows", async (t) => {
  const libxl = new FakeLibxl();
  await setMemoryTarget(fakeXenHost(libxl), asDomid(3), 131072);
  t.deepEqual(libxl.calls, [['setMemoryTarget', 3, 131072, { enforce: true }]]);
});

test('an idle domain of base size is at most 16 MiB with its paging pool', (t) => {
  const { memoryKib, vcpus } = shapeFor('pvh', 1, 8);
  t.is(pagingPoolKib(memoryKib, vcpus), 4 * (256 + 15));
  t.true(memoryKib - HOLE_KIB + pagingPoolKib(memoryKib, vcpus) <= 16 * 1024);
});

/** From 640 KiB to 1 MiB a PC has no memory; eight of these pages Xen uses for itself. */
const HOLE_KIB = 72;
