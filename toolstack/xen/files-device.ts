// SPDX-License-Identifier: Apache-2.0
// A 9pfs device gives a guest host directories. Its back end is a shim's file server, so thawd does in xenstore
// what a back end driver would do (xen/io/9pfs.h). libxl does not know of it: it would wait for that back end when it ends the domain.

import { defined } from '../base/defined.js';
import { ThawError } from '../base/errors.js';
import type { Domid } from '../base/ids.js';
import { devicePaths, type Device } from './devices.js';
import type { XenHost } from './host.js';

/** Returns the tag by which the guest mounts a device: number 0, or the device of a container in a pod. Pure. */
export function filesTag(device: number): string {
  return device === 0 ? 'thaw' : `thaw-${device}`;
}

/** Number of rings that Linux' front end makes. */
const RINGS = 2;
/** Order of a ring's pages: 256 KiB for both directions, which hold two of the longest messages each. */
const RING_ORDER = 6;

const XENBUS_INIT_WAIT = '2';
const XENBUS_INITIALISED = '3';
const XENBUS_CONNECTED = '4';
const RINGS_MS = 60_000;

/** Describes the device of that number. The front end makes its rings as soon as it sees the device. Pure. */
export function filesDevice(device: number): Device {
  const tag = filesTag(device);
  return {
    kind: '9pfs',
    devid: device,
    backend: {
      state: XENBUS_INIT_WAIT,
      versions: '1',
      'max-rings': String(RINGS),
      'max-ring-page-order': String(RING_ORDER),
      tag,
    },
    frontend: { tag },
  };
}

/** The grant reference of a ring's first page, and its event channel. */
export interface FilesRing {
  ref: number;
  port: number;
}

/** Resolves with the rings once the guest has made them. Rejects with ERR_XEN_FILES and ERR_XENSTORE_TIMEOUT. */
export async function filesRings(
  { xenstore }: XenHost,
  domid: Domid,
  device: number,
  signal?: AbortSignal,
): Promise<FilesRing[]> {
  const { frontend } = devicePaths(domid, '9pfs', device);
  await xenstore.waitFor(`${frontend}/state`, (state) => state === XENBUS_INITIALISED, {
    timeoutMs: RINGS_MS,
    ...defined({ signal }),
  });
  const read = async (name: string): Promise<number> => {
    const untrusted = (await xenstore.readIfExists(`${frontend}/${name}`)) ?? '';
    const value = Number(untrusted);
    if (/^\d{1,10}$/.test(untrusted) && value <= 0xffffffff) return value;
    throw new ThawError('ERR_XEN_FILES', `Domain ${domid} has no ${name} for its 9pfs device`);
  };
  const numbers = Array.from({ length: RINGS }, (_, i) => i);
  return Promise.all(
    numbers.map(async (i) => ({
      ref: await read(`ring-ref${i}`),
      port: await read(`event-channel-${i}`),
    })),
  );
}

/** Tells the guest that a server is connected to the device. */
export async function filesServed(
  { xenstore }: XenHost,
  domid: Domid,
  device: number,
): Promise<void> {
  const { backend } = devicePaths(domid, '9pfs', device);
  await xenstore.write(`${backend}/state`, XENBUS_CONNECTED);
}

/** Resolves with the numbers of a domain's 9pfs devices. */
export async function filesDevices({ xenstore }: XenHost, domid: Domid): Promise<number[]> {
  const names = await xenstore
    .directory(`/local/domain/0/backend/9pfs/${domid}`)
    .catch((): string[] => []);
  return names.map(Number);
}
