// SPDX-License-Identifier: Apache-2.0
// A 9pfs device by which a guest sees files of dom0. Its back end is a shim's file server, so what a back end's driver would do in
// xenstore is done here (xen/io/9pfs.h). libxl is told nothing of it: it would wait for that back end when it ends the domain.

import { ThawError } from '../base/errors.js';
import type { Domid } from '../base/ids.js';
import { devicePaths, type Device } from './devices.js';
import type { XenHost } from './host.js';

/** What the guest mounts: of its own device, number 0, or of that of a container in a pod. Pure. */
export function filesTag(device: number): string {
  return device === 0 ? 'thaw' : `thaw-${device}`;
}

/** As Linux's front end has. */
const RINGS = 2;
/** Pages of a ring's two ways: 256 KiB, which holds two of the longest messages each way. */
const RING_ORDER = 6;

const XENBUS_INIT_WAIT = '2';
const XENBUS_INITIALISED = '3';
const XENBUS_CONNECTED = '4';
const RINGS_MS = 60_000;

/** The device of that number. Its front end makes its rings as soon as it sees it. Pure. */
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

/** The grant of a ring's first page, and its port. */
export interface FilesRing {
  ref: number;
  port: number;
}

/** The rings that the guest has made. Rejects with ERR_XEN_FILES and ERR_XENSTORE_TIMEOUT. */
export async function filesRings(
  { xenstore }: XenHost,
  domid: Domid,
  device: number,
  signal?: AbortSignal,
): Promise<FilesRing[]> {
  const { frontend } = devicePaths(domid, '9pfs', device);
  await xenstore.waitFor(`${frontend}/state`, (state) => state === XENBUS_INITIALISED, {
    timeoutMs: RINGS_MS,
    ...(signal ? { signal } : {}),
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

/** Says that somebody serves the device. */
export async function filesServed(
  { xenstore }: XenHost,
  domid: Domid,
  device: number,
): Promise<void> {
  const { backend } = devicePaths(domid, '9pfs', device);
  await xenstore.write(`${backend}/state`, XENBUS_CONNECTED);
}

/** The numbers of those that a domain has. */
export async function filesDevices({ xenstore }: XenHost, domid: Domid): Promise<number[]> {
  const names = await xenstore
    .directory(`/local/domain/0/backend/9pfs/${domid}`)
    .catch((): string[] => []);
  return names.map(Number);
}
