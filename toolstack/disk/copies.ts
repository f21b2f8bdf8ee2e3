// SPDX-License-Identifier: Apache-2.0
// How many bytes the copy of a sparse file takes: none where the filesystem lets files share their blocks.

import { randomBytes } from 'node:crypto';
import { constants, copyFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** The unit of st_blocks. */
const BLOCK = 512;

/** Resolves with the bytes that a copy of the file `from` into `folder` takes. The folder exists. Rejects as stat() does. */
export async function bytesToCopy(from: string, folder: string): Promise<number> {
  const { blocks } = await stat(from);
  return (await sharesBlocks(dirname(from), folder)) ? 0 : blocks * BLOCK;
}

/** Tries it with an empty file: a filesystem refuses by its kind, before it looks at the file. */
async function sharesBlocks(source: string, target: string): Promise<boolean> {
  const name = `.thaw-share-${randomBytes(8).toString('hex')}`;
  const [from, to] = [join(source, name), join(target, `${name}.copy`)];
  try {
    await writeFile(from, '', { flag: 'wx', mode: 0o600 });
    await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
    return true;
  } catch {
    return false;
  } finally {
    await Promise.all([from, to].map((path) => rm(path, { force: true })));
  }
}
