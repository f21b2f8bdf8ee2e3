// SPDX-License-Identifier: Apache-2.0
// Selects the devices of a bundle that a guest can have, and their names in the guest. The lab tests that a disk is found by its number.
import test from 'ava';
import { devicesOf, guestDevices } from '../../../../../toolstack/frontends/oci/config/devices.js';

test('what every container has is nobody’s to give', async (t) => {
  const devices = [
    { type: 'c', path: '/dev/null', major: 1, minor: 3 },
    { type: 'c', path: '/dev/tty', major: 5, minor: 0 },
  ];
  t.deepEqual(await devicesOf({ devices }, {}), []);
});

test('disks are numbered as the guest’s kernel does, with their owners and rules', (t) => {
  const one = { source: '/dev/a', destination: '/dev/data', access: 'r', node: { uid: 5 } };
  const other = { source: '/dev/b', destination: '/dev/more', access: 'rwm', node: {} };
  t.deepEqual(guestDevices([one, other], {}), {
    nodes: [
      { path: '/dev/data', type: 'b', major: 202, minor: 0, uid: 5 },
      { path: '/dev/more', type: 'b', major: 202, minor: 16 },
    ],
    rules: [
      { allow: true, type: 'b', major: 202, minor: 0, access: 'r' },
      { allow: true, type: 'b', major: 202, minor: 16, access: 'rwm' },
    ],
  });
});

test('disks of layers come first', (t) => {
  const one = { source: '/dev/a', destination: '/dev/data', access: 'rwm', node: {} };
  const sandbox = { layers: ['a', 'b'], inMemory: false };
  const { nodes } = guestDevices([one], sandbox);
  t.deepEqual(nodes, [{ path: '/dev/data', type: 'b', major: 202, minor: 32 }]);
  const [inMemory] = guestDevices([one], { ...sandbox, inMemory: true }).nodes;
  t.like(inMemory, { minor: 0 });
});

for (const [device, message] of [
  [{ type: 'c', path: '/dev/kvm', major: 10, minor: 232 }, /\/dev\/kvm is no block device/],
  [{ type: 'p', path: '/dev/pipe', major: 0, minor: 0 }, /\/dev\/pipe is no block device/],
  [{ type: 'b', path: '/dev/x', major: 4095, minor: 1 }, /there is no block device 4095:1/],
  [{ type: 'b', path: '/dev/x', major: '../..', minor: 1 }, /major and minor are to be numbers/],
  [{ type: 'b', major: 1, minor: 1 }, /linux.devices\[0\].path: is missing/],
] as const)
  test(`refused: ${String(message)}`, async (t) => {
    const refused = devicesOf({ devices: [device] }, {});
    await t.throwsAsync(refused, { code: 'ERR_OCI_CONFIG', message });
  });
