// SPDX-License-Identifier: Apache-2.0
// Copies sparse files and finds the data in them.

import { checkFd, checkSize, checkString } from './args.js';
import { loadNative } from './loader.js';
import type { NativeAddon } from './native.js';
import type { DataRange } from './types.js';

/**
 * Copies a regular file to a new file with mode 0600. Holes stay holes, and blocks are shared where the file system supports it. Rejects with
 * ERR_XEN_EEXIST, ERR_XEN_ENOSPC and the like; `to` then does not exist, unless it existed before.
 */
export async function copySparse(
  from: string,
  to: string,
  native: NativeAddon = loadNative(),
): Promise<void> {
  checkString('source', from);
  checkString('target', to);
  return native.copySparse(from, to);
}

/**
 * Returns the first range of data at or after `from`, as far as the file system reports holes; undefined when there is none. The caller keeps the
 * descriptor. Its offset moves, so read by position.
 */
export async function nextData(
  fd: number,
  from: number,
  native: NativeAddon = loadNative(),
): Promise<DataRange | undefined> {
  checkFd(fd);
  checkSize('offset', from);
  return (await native.nextData(fd, from)) ?? undefined;
}
