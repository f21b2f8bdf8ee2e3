// SPDX-License-Identifier: Apache-2.0
// Writes state to disk whole or not at all.

import { access, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * Writes `path` by a temporary file and rename, so that a crash leaves the old or the new text; a crash of the whole machine, too, where
 * it `lasts`: then file and folder are synced.
 */
export async function writeAtomic(
  path: string,
  text: string,
  { lasts = true }: { lasts?: boolean } = {},
): Promise<void> {
  const temporary = `${path}.tmp-${process.pid}-${counter++}`;
  try {
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(text);
      if (lasts) await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  if (lasts) await sync(dirname(path));
}

/** Resolves when what was written to a file, or the names in a folder, outlive a crash of the whole machine. */
export async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

let counter = 0;

const TEMPORARY = /\.tmp-(\d+)-\d+$/;

/** True for the name of a temporary file of writeAtomic(). */
export function isTemporary(name: string): boolean {
  return TEMPORARY.test(name);
}

/** Removes the temporary files of writeAtomic() in a folder whose processes were killed before the rename. */
export async function removeTemporaries(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = TEMPORARY.exec(name)?.[1];
    if (pid === undefined || (await isRunning(pid))) continue;
    await rm(join(folder, name), { force: true });
  }
}

function isRunning(pid: string): Promise<boolean> {
  return access(`/proc/${pid}`).then(
    () => true,
    () => false,
  );
}
