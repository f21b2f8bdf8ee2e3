// SPDX-License-Identifier: Apache-2.0
// Seals and checks the fid snapshot of a checkpoint: the file of the guest's open files of dom0. It is on disk before the memory that it belongs to.

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { errorMessage } from '../../base/errors.js';
import { damaged, digestOf, type SavedFids } from '../../checkpoint/index.js';

/** Syncs a file that was just written, and resolves with its name, size and digest. */
export async function sealFids(path: string): Promise<SavedFids> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
    return { file: basename(path), ...(await digestOf(file)) };
  } finally {
    await file.close();
  }
}

/** Resolves with the file's absolute path. Rejects with ERR_CHECKPOINT_DAMAGED where the file does not belong to the checkpoint's memory. */
export async function checkFids(folder: string, saved: SavedFids): Promise<string> {
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
