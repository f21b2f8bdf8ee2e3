// SPDX-License-Identifier: Apache-2.0
// A container without device rules cannot access any device.

import test from 'ava';
import { capabilitiesFor } from '../../../../toolstack/runtime/create/capabilities.js';
import {
  deviceEntry,
  deviceRules,
  type DeviceChances,
} from '../../../../toolstack/runtime/create/device-rules.js';

const DISK = { path: '/dev/data', major: 202, minor: 16, access: 'r' };
const DENIED = { allow: false, access: 'rwm' };

const rules = (change: Partial<DeviceChances> = {}) =>
  deviceRules({
    capabilities: capabilitiesFor(0).bounding,
    devices: [],
    isMember: false,
    mountOptions: [['nosuid', 'nodev']],
    ...change,
  });

test('none for one that has the usual capabilities and mounts', (t) => {
  t.is(rules(), undefined);
  t.is(rules({ capabilities: capabilitiesFor(0, ['NET_ADMIN']).bounding }), undefined);
});

for (const name of ['MKNOD', 'cap_sys_admin', 'ALL']) {
  test(`who may make device files, by ${name}, may use the usual ones only`, (t) => {
    for (const uid of [0, 1000])
      t.deepEqual(rules({ capabilities: capabilitiesFor(uid, [name]).bounding }), [DENIED]);
  });
}

test('likewise where what is mounted may have some', (t) => {
  for (const word of ['dev', 'rdev'])
    t.deepEqual(rules({ mountOptions: [['nodev'], ['rbind', word]] }), [DENIED], word);
});

test('likewise in a pod, whose others may hand it one', (t) => {
  t.deepEqual(rules({ isMember: true }), [DENIED]);
});

test('those that it is given it may use as it was said', (t) => {
  const allowed = { allow: true, type: 'b', major: 202, minor: 16, access: 'r' };
  t.deepEqual(rules({ devices: [DISK] }), [DENIED, allowed]);
});

test('what is given appears as a block device', (t) => {
  t.like(deviceEntry(DISK), { path: '/dev/data', type: 'b', major: 202, minor: 16 });
});
