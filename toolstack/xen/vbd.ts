// SPDX-License-Identifier: Apache-2.0
// Describes a block device of dom0 as a disk of a domain.

import { stat } from 'node:fs/promises';
import { ThawError } from '../base/errors.js';
import type { Device } from './devices.js';

/**
 * Returns the read-only vbd of `blockDevice` (such as /dev/loop3) as the index-th disk, and the guest's name for it.
 * Numbers are those of Xen's docs/man/xen-vbd-interface: xvda… up to index 15, the extended scheme above.
 */
export function readOnlyDisk(
  blockDevice: string,
  index: number,
): Promise<{ device: Device; guestName: string }> {
  return disk(blockDevice, index, { mode: 'r', discards: '0' });
}

/** Like readOnlyDisk(), for a disk that the guest may write to and discard from. */
export function writableDisk(
  blockDevice: string,
  index: number,
): Promise<{ device: Device; guestName: string }> {
  return disk(blockDevice, index, { mode: 'w', discards: '1' });
}

async function disk(
  blockDevice: string,
  index: number,
  { mode, discards }: { mode: 'r' | 'w'; discards: '0' | '1' },
): Promise<{ device: Device; guestName: string }> {
  const { rdev, isBlock } = await blockNumber(blockDevice);
  if (!isBlock)
    throw new ThawError('ERR_XEN_VBD', `Cannot attach ${blockDevice}: it is no block device`);
  const devid = diskDevid(index);
  const guestName = diskName(index);
  return {
    guestName,
    device: {
      kind: 'vbd',
      devid,
      backend: {
        removable: '0',
        bootable: '0',
        dev: guestName,
        type: 'phy',
        mode,
        'device-type': 'disk',
        'discard-enable': discards,
        params: blockDevice,
        'physical-device': `${major(rdev).toString(16)}:${minor(rdev).toString(16)}`,
      },
      frontend: { 'virtual-device': String(devid), 'device-type': 'disk' },
    },
  };
}

/** The number of the index-th disk. */
export function diskDevid(index: number): number {
  return index < 16 ? (202 << 8) | (index << 4) : (1 << 28) | (index << 8);
}

/** Major number of Linux' blkfront. */
export const XVD_MAJOR = 202;

/** The minor number that the guest gives the index-th disk: 16 for each, or 256 in the extended scheme. */
export function diskMinor(index: number): number {
  return index * (index < 16 ? 16 : 256);
}

/** xvda … xvdz, xvdaa …, as Linux's blkfront names them. */
export function diskName(index: number): string {
  let suffix = '';
  for (let i = index; i >= 0; i = Math.floor(i / 26) - 1)
    suffix = String.fromCharCode(97 + (i % 26)) + suffix;
  return `xvd${suffix}`;
}

async function blockNumber(path: string): Promise<{ rdev: number; isBlock: boolean }> {
  const info = await stat(path);
  return { rdev: info.rdev, isBlock: info.isBlockDevice() };
}

// glibc's gnu_dev_major and gnu_dev_minor, for numbers that fit a double exactly.
function major(rdev: number): number {
  return Math.floor(rdev / 256) % 4096;
}

function minor(rdev: number): number {
  return (rdev % 256) + Math.floor(rdev / 2 ** 20) * 256;
}
