// SPDX-License-Identifier: Apache-2.0
// How a vbd or vif comes to a domain: by writing xenstore, without libxl's hotplug scripts. It goes with the domain (destroy.ts).
// libxl finds the device under /libxl/DOMID/device like one of its own, so xl lists and removes it.

import type { Domid } from '../base/ids.js';
import { permissions, type StoreEntry } from '../../xenstore/index.js';
import type { XenHost } from './host.js';
import { changeStore } from './store-change.js';

export interface Device {
  kind: 'vbd' | 'vif' | '9pfs';
  devid: number;
  /** Nodes beside the common ones. */
  backend: Record<string, string>;
  frontend: Record<string, string>;
}

/** Both sides' nodes of a device whose back end is in dom0 (docs/xenstore-paths.md). Pure. */
export function deviceNodes(domid: Domid, device: Device): StoreEntry[] {
  const paths = devicePaths(domid, device.kind, device.devid);
  const toGuest = permissions(0, 'none', { domid, access: 'read' });
  const ofGuest = permissions(domid, 'none', { domid: 0, access: 'read' });
  const frontend = {
    backend: paths.backend,
    'backend-id': '0',
    state: XENBUS_INITIALISING,
    ...device.frontend,
  };
  return [
    { path: paths.backend, permissions: toGuest },
    ...entries(paths.backend, backendNodes(domid, device)),
    { path: paths.frontend, permissions: ofGuest },
    ...entries(paths.frontend, frontend),
  ];
}

/** What libxl keeps of a device for itself: xl lists and removes it by that. Pure. */
export function libxlDeviceNodes(domid: Domid, device: Device): StoreEntry[] {
  const paths = devicePaths(domid, device.kind, device.devid);
  const nodes = { backend: paths.backend, ...backendNodes(domid, device) };
  return entries(paths.libxl, nodes);
}

function backendNodes(domid: Domid, device: Device): Record<string, string> {
  return {
    frontend: devicePaths(domid, device.kind, device.devid).frontend,
    'frontend-id': String(domid),
    online: '1',
    state: XENBUS_INITIALISING,
    // libxl runs this when it removes a device and fails where there is none.
    script: '/bin/true',
    ...device.backend,
  };
}

const XENBUS_INITIALISING = '1';

function entries(base: string, values: Record<string, string>): StoreEntry[] {
  return Object.entries(values).map(([name, value]) => ({ path: `${base}/${name}`, value }));
}

/** Where xenstore has a device: for its back end, its front end and libxl. */
export function devicePaths(domid: Domid, kind: Device['kind'], devid: number) {
  return {
    backend: `/local/domain/0/backend/${kind}/${domid}/${devid}`,
    frontend: `/local/domain/${domid}/device/${kind}/${devid}`,
    libxl: `/libxl/${domid}/device/${kind}/${devid}`,
  };
}

/** Writes all devices in one transaction; the back ends' drivers and the guest find them by their watches. */
export async function attachDevices(
  host: XenHost,
  domid: Domid,
  devices: readonly Device[],
): Promise<void> {
  const nodes = devices.flatMap((device) => deviceNodes(domid, device));
  await changeStore(host, (tx) => tx.writeAll(nodes));
}

/** Resolves when the guest's driver has the device, and a vif's back end has it, too. Rejects with ERR_XENSTORE_TIMEOUT. */
export async function untilConnected(
  host: XenHost,
  domid: Domid,
  kind: Device['kind'],
  devid: number,
  signal?: AbortSignal,
): Promise<void> {
  const { frontend, backend } = devicePaths(domid, kind, devid);
  // A vif's front end may say so before its back end is there.
  const path = `${kind === 'vif' ? backend : frontend}/state`;
  const timeoutMs = CONNECT_MS;
  const options = { timeoutMs, ...(signal ? { signal } : {}) };
  await host.xenstore.waitFor(path, (state) => state === XENBUS_CONNECTED, options);
}

const XENBUS_CONNECTED = '4';
const CONNECT_MS = 60_000;
