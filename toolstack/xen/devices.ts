// SPDX-License-Identifier: Apache-2.0
// Attaches vbds and vifs to a domain by xenstore alone, without libxl's hotplug scripts. destroy.ts removes them with the domain.
// libxl finds the device under /libxl/DOMID/device like one of its own, so xl lists and removes it.

import { defined } from '../base/defined.js';
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

/** libxl's own nodes of a device, by which xl lists and removes it. Pure. */
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
    // libxl runs this script when it removes a device, and fails without one.
    script: '/bin/true',
    ...device.backend,
  };
}

const XENBUS_INITIALISING = '1';

function entries(base: string, values: Record<string, string>): StoreEntry[] {
  return Object.entries(values).map(([name, value]) => ({ path: `${base}/${name}`, value }));
}

/** Paths of a device in xenstore: of its back end, its front end and libxl. */
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

/** Resolves once the guest's driver is connected and, for a vif, the back end as well. Rejects with ERR_XENSTORE_TIMEOUT. */
export async function untilConnected(
  host: XenHost,
  domid: Domid,
  kind: Device['kind'],
  devid: number,
  signal?: AbortSignal,
): Promise<void> {
  const { frontend, backend } = devicePaths(domid, kind, devid);
  // A vif's front end may be connected before its back end.
  const path = `${kind === 'vif' ? backend : frontend}/state`;
  const timeoutMs = CONNECT_MS;
  const options = { timeoutMs, ...defined({ signal }) };
  await host.xenstore.waitFor(path, (state) => state === XENBUS_CONNECTED, options);
}

const XENBUS_CONNECTED = '4';
const CONNECT_MS = 60_000;
