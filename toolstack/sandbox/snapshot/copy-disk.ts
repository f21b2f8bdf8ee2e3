// SPDX-License-Identifier: Apache-2.0
// Copies the disk of a suspended domain, beside the copy of its memory.

import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ThawError } from '../../base/errors.js';
import { bytesToCopy, DiskError } from '../../disk/index.js';
import { copyDiskFile } from '../../xen/sparse.js';
import type { Undo } from '../../base/undo.js';
import type { Disk } from '../devices/disks.js';
import type { SandboxRecord } from '../record.js';
import type { SandboxServices } from '../services.js';

/** Prefix of the copies' file names. */
const PREFIX = 'upper-';

/**
 * Copies the sandbox's disk, if it has one, to a file that is on `undo`. The domain is suspended, so that no process writes to the disk. Rejects with
 * ERR_DISK when there is no room, and with ERR_DISK_RESERVE.
 */
export async function copyDisk(
  { copyFolder, reserve }: Pick<SandboxServices, 'copyFolder' | 'reserve'>,
  { disk, name }: SandboxRecord,
  undo: Undo,
): Promise<Disk | undefined> {
  if (!disk) return undefined;
  const path = join(copyFolder, `${PREFIX}${randomBytes(8).toString('hex')}.ext4`);
  try {
    await mkdir(copyFolder, { recursive: true, mode: 0o700 });
    const bytes = await bytesToCopy(disk.path, copyFolder);
    await reserve.holding(copyFolder, `copy the writable layer of ${name}`, bytes, () =>
      copyDiskFile(disk.path, path),
    );
  } catch (cause) {
    if (cause instanceof DiskError) throw cause;
    const message = `Cannot copy the writable layer of ${name} into ${copyFolder}: is its file system full?`;
    throw new ThawError('ERR_DISK', message, { cause });
  }
  undo.push(`copy ${path}`, () => rm(path, { force: true }));
  return { path, bytes: disk.bytes };
}

/** Removes the copies that a killed thawd was making or cloning from. */
export async function sweepCopies({
  copyFolder,
}: Pick<SandboxServices, 'copyFolder'>): Promise<void> {
  await rm(copyFolder, { recursive: true, force: true });
}

/** Removes the copy of a disk that no clone needs any more. */
export async function removeCopy(upper: Disk | undefined): Promise<void> {
  if (upper) await rm(upper.path, { force: true });
}
