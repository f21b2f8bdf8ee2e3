// SPDX-License-Identifier: Apache-2.0
// Describes a network interface of a domain. Its back end in dom0 is vifDOMID.DEVID.

import { randomBytes } from 'node:crypto';
import type { Domid } from '../base/ids.js';
import { devicePaths, type Device } from './devices.js';
import type { XenHost } from './host.js';

/**
 * Returns the vif with that MAC. Its back end is connected to nothing in dom0 until a network takes it. With `waitsForPlug` the back end
 * reports a connection only after plugged().
 */
export function vif(devid: number, mac: string, waitsForPlug = false): Device {
  const plugged = waitsForPlug ? {} : { [HOTPLUG_STATUS]: PLUGGED };
  return {
    kind: 'vif',
    devid,
    backend: { mac, handle: String(devid), type: 'vif', ...plugged },
    frontend: { mac, handle: String(devid), mtu: '1500' },
  };
}

// netback reports no connection before hotplug-status does, since elsewhere a hotplug script plugs it.
const HOTPLUG_STATUS = 'hotplug-status';
const PLUGGED = 'connected';

/** Tells netback that the first vif's end in dom0 has been plugged. */
export async function plugged({ xenstore }: XenHost, domid: Domid): Promise<void> {
  await xenstore.write(`${devicePaths(domid, 'vif', 0).backend}/${HOTPLUG_STATUS}`, PLUGGED);
}

/** Resolves once netback has seen the first vif; its end in dom0 follows at once. Rejects with ERR_XENSTORE_TIMEOUT. */
export async function untilSeen(
  { xenstore }: XenHost,
  domid: Domid,
  signal: AbortSignal,
): Promise<void> {
  const path = `${devicePaths(domid, 'vif', 0).backend}/state`;
  const options = { timeoutMs: SEEN_MS, signal };
  await xenstore.waitFor(
    path,
    (state = XENBUS_INITIALISING) => state !== XENBUS_INITIALISING,
    options,
  );
}

const XENBUS_INITIALISING = '1';
const SEEN_MS = 60_000;

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
