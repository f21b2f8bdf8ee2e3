// SPDX-License-Identifier: Apache-2.0
// A network interface of a domain: its back end in dom0 is vifDOMID.DEVID.

import { randomBytes } from 'node:crypto';
import type { Device } from './devices.js';

/** The vif with that MAC. It is connected to nothing in dom0 until a network takes its back end. */
export function vif(devid: number, mac: string): Device {
  return {
    kind: 'vif',
    devid,
    // netback stays unconnected until hotplug-status says so, once a script is named; nothing is left to be plugged here.
    backend: { mac, handle: String(devid), type: 'vif', 'hotplug-status': 'connected' },
    frontend: { mac, handle: String(devid), mtu: '1500' },
  };
}

/** A random MAC of Xen's own vendor prefix 00:16:3e that is not among `used`. */
export function newMac(used: ReadonlySet<string>): string {
  for (;;) {
    const [a = 0, b = 0, c = 0] = randomBytes(3);
    const mac = [
      '00',
      '16',
      '3e',
      ...[a, b, c].map((byte) => byte.toString(16).padStart(2, '0')),
    ].join(':');
    if (!used.has(mac)) return mac;
  }
}
