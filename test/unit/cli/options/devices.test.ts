// SPDX-License-Identifier: Apache-2.0
// Devices in podman's notation.

import test from 'ava';
import { deviceOptions } from '../../../../toolstack/cli/options/devices.js';

const of = (...device: string[]) =>
  deviceOptions({ options: { device }, positional: [], asksForHelp: false }).devices;

test('a device, its place, what may be done with it', (t) => {
  t.deepEqual(of('/dev/vg/data'), [
    { source: '/dev/vg/data', destination: '/dev/vg/data', access: 'rwm' },
  ]);
  t.deepEqual(of('/dev/vg/data:/dev/xvdx:r'), [
    { source: '/dev/vg/data', destination: '/dev/xvdx', access: 'r' },
  ]);
  t.like(of('/dev/a:rw')?.[0], { destination: '/dev/a', access: 'rw' });
  t.is(of(), undefined);
});

test('what means nothing is refused', (t) => {
  for (const value of [
    'sda',
    '/dev/a:b',
    '/dev/a:/b:w',
    '/dev/a:/b:rr',
    '/dev/a:/b:x',
    '/a:/b:r:c',
    '',
  ])
    t.throws(() => of(value), { code: 'ERR_USAGE', message: /--device/ }, value);
  t.throws(() => of('/dev/a:/x', '/dev/b:/x'), { code: 'ERR_USAGE', message: /twice for \/x/ });
});
