// SPDX-License-Identifier: Apache-2.0
// Files that are mostly holes: a copy that takes no more room than the file, and where there is data.

import { checkFd, checkSize, checkString } from './args.js';
import { loadNative } from './loader.js';
import type { NativeAddon } from './native.js';
import type { DataRange } from './types.js';

/**
 * Copies a regular file to a new one, mode 0600, holes left as holes; shared blocks where the file system has them. Rejects with
 * ERR_XEN_EEXIST, ERR_XEN_ENOSPC and the like; `to` is then not there, unless it was before.
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
 * The first range at or behind `from` that is no hole, as far as the file system knows of holes; undefined when there is none. The
 * descriptor stays the caller's, and its offset moves: read it by position.
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
