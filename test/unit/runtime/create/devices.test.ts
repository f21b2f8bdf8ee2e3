// SPDX-License-Identifier: Apache-2.0
// A container gets only unused block devices. Their numbers follow those of its own disks.

import test from 'ava';
import type { CreateOptions, DeviceRequest } from '../../../../toolstack/api/engine.js';
import { containerRecord } from '../../../support/runtime/container-record.js';
import {
  deviceNodes,
  GivenDevices,
  sandboxDevices,
} from '../../../../toolstack/runtime/create/devices.js';

const wish = (source: string, access = 'rwm'): DeviceRequest => ({
  source,
  destination: '/dev/data',
  access,
});
const optionsWith = (...devices: DeviceRequest[]) => ({ devices }) as CreateOptions;

test('what is no block device is refused with its name', async (t) => {
  for (const path of ['/dev/null', '/etc/passwd', '/no/such'])
    await t.throwsAsync(new GivenDevices().give('a', 'web', [wish(path)]), {
      code: 'ERR_DEVICE',
      message: new RegExp(`Cannot give device ${path} `),
    });
  await t.notThrowsAsync(new GivenDevices().give('a', 'web', []));
});

test('the sandbox has them read-only where they may not be written to', (t) => {
  t.deepEqual(sandboxDevices(optionsWith(wish('/dev/a'), wish('/dev/b', 'r'))).devices, [
    { path: '/dev/a', readOnly: false },
    { path: '/dev/b', readOnly: true },
  ]);
  t.deepEqual(sandboxDevices(optionsWith()), {});
});

test('in the guest they come behind layers and writable layer', (t) => {
  const node = (sandbox: Parameters<typeof deviceNodes>[1]) =>
    deviceNodes(optionsWith(wish('/dev/a', 'rw')), sandbox)[0]?.minor;
  const disk = { path: '/upper', bytes: 1 };
  t.is(node({}), 0);
  t.is(node({ disk }), 16);
  t.is(node({ layers: ['/a', '/b'], inMemory: false, disk }), 48);
  t.is(node({ layers: ['/a', '/b'], inMemory: true }), 0);
  const many = Array.from({ length: 16 }, (_, i) => `/${i}`);
  t.is(node({ layers: many, inMemory: false }), 16 * 256);
  t.deepEqual(deviceNodes(optionsWith(wish('/dev/a', 'rw')), {}), [
    { path: '/dev/data', access: 'rw', major: 202, minor: 0 },
  ]);
});

test('who had devices gives them back, also when it had none', async (t) => {
  const devices = new GivenDevices();
  await devices.adopt(containerRecord());
  devices.takeBack('none');
  await t.throwsAsync(devices.give('a', 'web', [wish('/dev/null', 'r')]), { code: 'ERR_DEVICE' });
  await devices.give('a', 'web', []);
});
