// SPDX-License-Identifier: Apache-2.0
// How a vbd or vif comes to a domain and goes: by writing xenstore, without libxl's hotplug scripts.
// libxl finds the device under /libxl/DOMID/device like one of its own, so xl lists and removes it.

import type { Domid } from '../base/ids.js';
import { permissions, type StoreEntry } from '../../xenstore/index.js';
import type { XenHost } from './host.js';
import { changeStore, removeNodes } from './store-change.js';

export interface Device {
  kind: 'vbd' | 'vif';
  devid: number;
  /** Nodes beside the common ones. */
  backend: Record<string, string>;
  frontend: Record<string, string>;
}

/** All nodes of a device whose back end is in dom0 (docs/xenstore-paths.md). Pure. */
export function deviceNodes(domid: Domid, device: Device): StoreEntry[] {
  const paths = devicePaths(domid, device.kind, device.devid);
  const toGuest = permissions(0, 'none', { domid, access: 'read' });
  const ofGuest = permissions(domid, 'none', { domid: 0, access: 'read' });
  const backend = {
    frontend: paths.frontend,
    'frontend-id': String(domid),
    online: '1',
    state: XENBUS_INITIALISING,
    // libxl runs this when it removes a device and fails where there is none.
    script: '/bin/true',
    ...device.backend,
  };
  const frontend = {
    backend: paths.backend,
    'backend-id': '0',
    state: XENBUS_INITIALISING,
    ...device.frontend,
  };
  return [
    { path: paths.backend, permissions: toGuest },
    ...entries(paths.backend, backend),
    { path: paths.frontend, permissions: ofGuest },
    ...entries(paths.frontend, frontend),
    { path: paths.libxl },
    ...entries(paths.libxl, { backend: paths.backend, ...backend }),
  ];
}

const XENBUS_INITIALISING = '1';
const XENBUS_CLOSING = '5';
const XENBUS_CLOSED = '6';

function entries(base: string, values: Record<string, string>): StoreEntry[] {
  return Object.entries(values).map(([name, value]) => ({ path: `${base}/${name}`, value }));
}

function devicePaths(domid: Domid, kind: Device['kind'], devid: number) {
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

/**
 * Closes the back ends of a domain that is about to be destroyed and removes their nodes, so that nothing of them is left
 * and libxl has nothing to wait for. A guest is not asked: without its front end's nodes a back end takes it for gone and closes.
 * One that does not close within the deadline is logged and removed all the same.
 */
export async function detachDevices(
  host: XenHost,
  domid: Domid,
  devices: readonly Pick<Device, 'kind' | 'devid'>[],
): Promise<void> {
  await Promise.all(devices.map(({ kind, devid }) => detachDevice(host, domid, kind, devid)));
  for (const kind of new Set(devices.map((device) => device.kind))) {
    await removeIfEmpty(host, `/local/domain/0/backend/${kind}/${domid}`);
  }
}

async function detachDevice(
  host: XenHost,
  domid: Domid,
  kind: Device['kind'],
  devid: number,
): Promise<void> {
  const paths = devicePaths(domid, kind, devid);
  const state = `${paths.backend}/state`;
  try {
    await changeStore(host, async (tx) => {
      if ((await tx.readIfExists(state)) === undefined) return;
      await tx.writeAll([
        { path: `${paths.backend}/online`, value: '0' },
        { path: state, value: XENBUS_CLOSING },
      ]);
      await removeNodes(tx, [paths.frontend]);
    });
    await host.xenstore.waitFor(state, (value) => value === undefined || value === XENBUS_CLOSED, {
      timeoutMs: CLOSE_MS,
    });
  } catch (error) {
    host.log.warn(`Back end ${kind} ${devid} of domain ${domid} does not close`, { error });
  }
  await changeStore(host, (tx) => removeNodes(tx, [paths.backend, paths.frontend, paths.libxl]));
}

const CLOSE_MS = 5000;

async function removeIfEmpty(host: XenHost, path: string): Promise<void> {
  await changeStore(host, async (tx) => {
    const exists = (await tx.readIfExists(path)) !== undefined;
    if (exists && (await tx.directory(path)).length === 0) await tx.rm(path);
  });
}
