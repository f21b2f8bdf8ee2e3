// SPDX-License-Identifier: Apache-2.0
// Brings an image's layers into a sandbox: a small image through its data channel, a large one as disks. The writable layer may be a further disk.

import { stat } from 'node:fs/promises';
import { layerName, LAYERS_MAX } from '../../agent/wire.js';
import type { Undo } from '../../base/undo.js';
import type { Device } from '../../xen/devices.js';
import type { LoopDevices } from '../../xen/loop.js';
import { loopDisk } from '../../xen/loop-disk.js';
import { diskMinor, readOnlyDisk, writableDisk, XVD_MAJOR } from '../../xen/vbd.js';
import type { Disks } from '../devices/disks.js';
import type { SandboxRecord } from '../record.js';
import type { ShimClient } from '../shim/client.js';

/** Limits of layers in the guest's memory: bytes, and a share of it. A larger image would take longer to send than disks take to attach. */
const IN_MEMORY_MAX_BYTES = 8 * 2 ** 20;
const IN_MEMORY_SHARE = 1 / 16;

/** True when layers of these sizes go into the guest's memory. There is at least one layer. */
export function goIntoMemory(layerBytes: readonly number[], memoryKib: number): boolean {
  const bytes = layerBytes.reduce((sum, size) => sum + size, 0);
  const allowed = Math.min(IN_MEMORY_MAX_BYTES, memoryKib * 1024 * IN_MEMORY_SHARE);
  return layerBytes.length <= LAYERS_MAX && bytes <= allowed;
}

/** The layers that are disks of the sandbox. */
export function disksOf(record: SandboxRecord): string[] {
  return record.inMemory ? [] : record.layers;
}

/** Files that dom0 must keep as loop devices during the sandbox's lifecycle. */
export function loopFilesOf(record: SandboxRecord): string[] {
  return [...disksOf(record), ...(record.disk ? [record.disk.path] : [])];
}

/** Returns the largest size in KiB of a writable layer in the guest's memory. */
export function upperKibOf({ memoryKib, upperKib }: SandboxRecord): number {
  return upperKib ?? Math.floor(memoryKib / 2);
}

/** Returns the KiB that a guest needs for its layers, their mount and crun, beside its memory in the pool. */
export async function memoryToMount({
  layers,
  inMemory,
  disk,
  files = [],
}: SandboxRecord): Promise<number> {
  if (layers.length === 0) return files.length > 0 ? MEMORY_FOR_FILES_KIB : 0;
  const infos = await Promise.all((inMemory ? layers : []).map((layer) => stat(layer)));
  return (
    RUNTIME_KIB +
    (disk ? DISK_KIB : 0) +
    Math.ceil(infos.reduce((sum, { size }) => sum + size, 0) / 1024)
  );
}

/** Keeps a small image within one section of memory, 8 MiB, which the guest's kernel adds as a whole. */
const RUNTIME_KIB = 6.5 * 1024;
/** ext4 and its journal need one more section. Without it, a guest with no other memory can find none in the middle of the mount, and stops. */
const DISK_KIB = 8 * 1024;

/** The rings of a 9pfs device are pieces of 256 KiB. A clone of the pool has no such pieces free. */
const FILES_KIB = 8 * 1024;

/** Memory that a guest needs before it mounts shares, including a root filesystem that is a share. */
export const MEMORY_FOR_FILES_KIB = RUNTIME_KIB + FILES_KIB;

export interface Layers {
  /** The layers' names in the MOUNT request. */
  guestNames: string[];
  /** The name of the writable layer's disk. */
  upper?: string;
  /** Devices to attach. */
  devices: Device[];
}

/** Returns the index of the sandbox's first device as a disk. Layers and the writable layer come before it. */
export function firstDevice({
  layers = [],
  inMemory = true,
  disk,
}: Partial<Pick<SandboxRecord, 'layers' | 'inMemory' | 'disk'>>): number {
  return (inMemory ? 0 : layers.length) + (disk ? 1 : 0);
}

/** Returns the device number of the sandbox's index-th device in its guest. */
export function deviceNumber(
  sandbox: Parameters<typeof firstDevice>[0],
  index: number,
): { major: number; minor: number } {
  return { major: XVD_MAJOR, minor: diskMinor(firstDevice(sandbox) + index) };
}

/**
 * Prepares the layers, then the writable layer, which is a copy of `from` where that is given, and then the sandbox's devices. `undo` releases the
 * loop devices.
 */
export async function prepareDisks(
  { loops, disks }: { loops: LoopDevices; disks: Disks },
  record: SandboxRecord,
  undo: Undo,
  from?: string,
): Promise<Layers> {
  const layers = await prepareLayers(loops, record, undo);
  const { disk, devices = [] } = record;
  if (disk) {
    await disks.ensure(disk, from);
    const index = layers.devices.length;
    const { device, guestName } = await loopDisk(loops, disk.path, index, true);
    undo.push(`loop device of ${disk.path}`, () => loops.release(disk.path));
    layers.upper = guestName;
    layers.devices.push(device);
  }
  for (const { path, readOnly } of devices) {
    const make = readOnly ? readOnlyDisk : writableDisk;
    layers.devices.push((await make(path, layers.devices.length)).device);
  }
  return layers;
}

/** Makes a loop device for each layer that becomes a disk. `undo` releases them. */
export async function prepareLayers(
  loops: LoopDevices,
  record: SandboxRecord,
  undo: Undo,
): Promise<Layers> {
  if (record.inMemory)
    return { guestNames: record.layers.map((_, index) => layerName(index + 1)), devices: [] };
  const disks = [];
  for (const [index, layer] of record.layers.entries()) {
    disks.push(await loopDisk(loops, layer, index, false));
    undo.push(`loop device of ${layer}`, () => loops.release(layer));
  }
  return {
    guestNames: disks.map(({ guestName }) => guestName),
    devices: disks.map(({ device }) => device),
  };
}

/** Starts sending the layers that go into memory. The shim reports a file that it cannot read as the loss of the guest. */
export function injectLayers(shim: ShimClient, record: SandboxRecord): void {
  if (!record.inMemory) return;
  for (const [index, layer] of record.layers.entries()) shim.inject(index + 1, layer);
}
