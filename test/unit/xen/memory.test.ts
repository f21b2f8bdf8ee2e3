// SPDX-License-Identifier: Apache-2.0
// A domain grows in steps that the memory it has can carry.

import test from 'ava';
import { asDomid } from '../../../toolstack/base/ids.js';
import { growthSteps, setMemoryTarget } from '../../../toolstack/xen/memory.js';
import { FakeLibxl, fakeXenHost } from '../../support/fake-xen-host.js';

const MIB = 1024;

test('nothing to grow is no step', (t) => {
  t.deepEqual(growthSteps(64 * MIB, 64 * MIB), []);
  t.deepEqual(growthSteps(64 * MIB, 32 * MIB), []);
});

test('a little more is one step to exactly that', (t) => {
  t.deepEqual(growthSteps(64 * MIB, 64 * MIB + 4), [64 * MIB + 4]);
});

test('each step is above the one before and at most four times it, and the last is what was asked for', (t) => {
  for (const toMib of [65, 128, 255, 256, 257, 1000, 1024, 4096, 65536]) {
    const steps = growthSteps(64 * MIB, toMib * MIB);
    t.is(steps.at(-1), toMib * MIB);
    let before = 64 * MIB;
    for (const step of steps) {
      t.true(step > before && step <= 4 * before, `${toMib}: ${step}`);
      before = step;
    }
  }
});

test("the target is enforced, so that Xen's limit follows", async (t) => {
  const libxl = new FakeLibxl();
  await setMemoryTarget(fakeXenHost(libxl), asDomid(3), 131072);
  t.deepEqual(libxl.calls, [['setMemoryTarget', 3, 131072, { enforce: true }]]);
});
