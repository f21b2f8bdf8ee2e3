// SPDX-License-Identifier: Apache-2.0
// Names the two files in the folder of a checkpoint, and removes those of earlier checkpoints.

import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckpointFile } from '../../../checkpoint/index.js';

/** The name of the memory's file. CRIU always writes a file of this name, by which podman recognises a checkpoint. */
export const MEMORY_FILE = 'inventory.img';
const FID_SNAPSHOTS = /^files-[0-9a-f]{16}\.img$/;

export interface CheckpointFolder {
  folder: string;
  /** The name of the fid snapshot. */
  stash: string;
}

/** Returns the files of a new checkpoint. */
export function newFiles(folder: string): CheckpointFolder {
  return { folder, stash: `files-${randomBytes(8).toString('hex')}.img` };
}

/** Removes the fid snapshots of earlier checkpoints from the folder. */
export async function removeOthers({ folder, stash }: CheckpointFolder): Promise<void> {
  for (const name of await readdir(folder))
    if (FID_SNAPSHOTS.test(name) && name !== stash) await rm(join(folder, name), { force: true });
}

/** Resolves with true where the checkpoint in the folder belongs to that fid snapshot. */
export async function isWhole({ folder, stash }: CheckpointFolder): Promise<boolean> {
  const file = await CheckpointFile.open(join(folder, MEMORY_FILE), folder).catch(() => undefined);
  await file?.close();
  return file?.header.oci?.stash.file === stash;
}
