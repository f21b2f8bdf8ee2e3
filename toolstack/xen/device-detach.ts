// SPDX-License-Identifier: Apache-2.0
// Detaches a device from a running domain: asks its driver to close, as libxl would, then removes its nodes.

import type { Domid } from '../base/ids.js';
import { devicePaths, type Device } from './devices.js';
import type { XenHost } from './host.js';
import { changeStore, removeNodes } from './store-change.js';

const XENBUS_CLOSING = '5';
const XENBUS_CLOSED = '6';
/** A driver that has nothing under way closes in milliseconds. */
const CLOSED_MS = 10_000;

/**
 * Resolves once the device is gone, with whether the guest's driver closed it. The device of a guest that does not close it is removed anyway.
 * Rejects when xenstore refuses.
 */
export async function detachDevice(
  host: XenHost,
  domid: Domid,
  { kind, devid }: Pick<Device, 'kind' | 'devid'>,
): Promise<boolean> {
  const { backend, frontend, libxl } = devicePaths(domid, kind, devid);
  await changeStore(host, async (tx) => {
    if ((await tx.readIfExists(`${backend}/state`)) === undefined) return;
    await tx.write(`${backend}/online`, '0');
    await tx.write(`${backend}/state`, XENBUS_CLOSING);
  });
  // A 9pfs device has no back end driver in dom0: thawd writes the back end's state, which the guest's driver watches.
  const closed = await host.xenstore
    .waitFor(`${kind === '9pfs' ? frontend : backend}/state`, isClosed, { timeoutMs: CLOSED_MS })
    .then(
      () => true,
      () => false,
    );
  await changeStore(host, (tx) => removeNodes(tx, [backend, frontend, libxl]));
  return closed;
}

/** True also where another program removed the device. */
function isClosed(state: string | undefined): boolean {
  return state === undefined || state === XENBUS_CLOSED;
}
