// SPDX-License-Identifier: Apache-2.0
// How state reaches the disk: whole or not at all.

import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes `path` by a temporary file, fsync and rename, and syncs its folder, so that a crash leaves the old or the new text. */
export async function writeAtomic(path: string, text: string, mode = 0o600): Promise<void> {
  const temporary = `${path}.tmp-${process.pid}-${counter++}`;
  try {
    const file = await open(temporary, 'w', mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

let counter = 0;
