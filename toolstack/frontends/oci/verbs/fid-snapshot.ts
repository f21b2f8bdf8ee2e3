// SPDX-License-Identifier: Apache-2.0
// The file of a checkpoint that says what its guest had open of dom0's files: on its disk before the memory's, and the one that goes with that.

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { CheckpointFile, damaged, digestOf, type SavedStash } from '../../../checkpoint/index.js';
import { errorMessage } from '../../../base/errors.js';

/** That of the memory: the one that CRIU always writes, by which podman sees that a folder has a checkpoint. */
export const MEMORY_FILE = 'inventory.img';
/** Their names. */
export const STASHES = /^files-[0-9a-f]{16}\.img$/;

/** A file that was just written, synced. */
export async function sealStash(path: string): Promise<SavedStash> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
    return { file: basename(path), ...(await digestOf(file)) };
  } finally {
    await file.close();
  }
}

/** Its path, absolute. Rejects with ERR_CHECKPOINT_DAMAGED where it is not the one that goes with the memory. */
export async function checkStash(folder: string, saved: SavedStash): Promise<string> {
  const path = join(folder, saved.file);
  const file = await open(
    path,
    constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW,
  ).catch((error: unknown) => {
    throw damaged(folder, `${saved.file} cannot be read: ${errorMessage(error)}`);
  });
  try {
    const info = await file.stat();
    const isSame =
      info.isFile() && info.size === saved.bytes && (await digestOf(file)).sha256 === saved.sha256;
    if (!isSame) throw damaged(folder, `${saved.file} is not as it was written`);
    return path;
  } finally {
    await file.close();
  }
}

/** Whether the checkpoint in a folder is the one that goes with that stash. */
export async function isWhole({
  folder,
  stash,
}: {
  folder: string;
  stash: string;
}): Promise<boolean> {
  const file = await CheckpointFile.open(join(folder, MEMORY_FILE), folder).catch(() => undefined);
  await file?.close();
  return file?.header.oci?.stash.file === stash;
}
