// SPDX-License-Identifier: Apache-2.0
// A generated MAC has Xen's prefix, is random and not in use.

import test from 'ava';
import { newMac, vif } from '../../../toolstack/xen/vif.js';

test("a MAC has Xen's prefix and is not one of those in use", (t) => {
  const used = new Set<string>();
  for (let i = 0; i < 1000; i++) {
    const mac = newMac(used);
    t.regex(mac, /^00:16:3e(:[0-9a-f]{2}){3}$/);
    t.false(used.has(mac));
    used.add(mac);
  }
});

test('both ends of a vif know the MAC, and the back end has nothing to wait for', (t) => {
  const device = vif(0, '00:16:3e:00:00:01');
  t.is(device.backend['mac'], '00:16:3e:00:00:01');
  t.is(device.frontend['mac'], '00:16:3e:00:00:01');
  t.is(device.backend['hotplug-status'], 'connected');
});

test('one that waits for its plug says nothing of it', (t) => {
  t.is(vif(0, '00:16:3e:00:00:01', true).backend['hotplug-status'], undefined);
});
