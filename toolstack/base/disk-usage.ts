// SPDX-License-Identifier: Apache-2.0
// The bytes that folders take up on disk.

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from './errors.js';

/** The unit of st_blocks. */
const BLOCK = 512;

/** Holes do not count, nor do files that are removed meanwhile. */
export async function bytesBelow(folder: string): Promise<number> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    const sizes = entries.map(async (entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return bytesBelow(path);
      return stat(path).then(
        ({ blocks }) => blocks * BLOCK,
        () => 0,
      );
    });
    return (await Promise.all(sizes)).reduce((all, one) => all + one, 0);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return 0;
    throw error;
  }
}
