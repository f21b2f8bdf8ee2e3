// SPDX-License-Identifier: Apache-2.0
// A file of dom0 as a disk of a domain, by a loop device.

import type { Device } from './devices.js';
import type { LoopDevices } from './loop.js';
import { readOnlyDisk, writableDisk } from './vbd.js';

/** Needs one release of the file's loop device, unless it rejects. Rejects with ERR_XEN_LOOP and ERR_XEN_VBD. */
export async function loopDisk(
  loops: LoopDevices,
  file: string,
  index: number,
  isWritable: boolean,
): Promise<{ device: Device; guestName: string }> {
  const blockDevice = await (isWritable ? loops.acquireWritable(file) : loops.acquire(file));
  try {
    return await (isWritable ? writableDisk : readOnlyDisk)(blockDevice, index);
  } catch (error) {
    await loops.release(file);
    throw error;
  }
}
