// SPDX-License-Identifier: Apache-2.0
// How a device leaves a domain that runs on: its driver lets go of it, as libxl would ask it to, then what xenstore has of it goes.

import type { Domid } from '../base/ids.js';
import { devicePaths, type Device } from './devices.js';
import type { XenHost } from './host.js';
import { changeStore, removeNodes } from './store-change.js';

const XENBUS_CLOSING = '5';
const XENBUS_CLOSED = '6';
/** A driver that has nothing under way closes in milliseconds. */
const CLOSED_MS = 10_000;

/**
 * Resolves when nothing of the device is left, with whether the guest let go of it: a guest that does not gets its device taken away.
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
  // Of 9pfs there is no back end's driver, and the guest's is asked by what stands there.
  const closed = await host.xenstore
    .waitFor(`${kind === '9pfs' ? frontend : backend}/state`, isClosed, { timeoutMs: CLOSED_MS })
    .then(
      () => true,
      () => false,
    );
  await changeStore(host, (tx) => removeNodes(tx, [backend, frontend, libxl]));
  return closed;
}

/** Also when somebody else has removed it. */
function isClosed(state: string | undefined): boolean {
  return state === undefined || state === XENBUS_CLOSED;
}
