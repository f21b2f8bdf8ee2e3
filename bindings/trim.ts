// SPDX-License-Identifier: Apache-2.0
// Makes a save stream small: zero pages become allocate-only entries, which every Xen restores. Also makes memfds to keep streams in.

import { checkFd, checkString } from './args.js';
import { loadNative } from './loader.js';
import type { NativeAddon } from './native.js';
import type { TrimResult } from './types.js';

/**
 * Rewrites libxl's save stream in `fdIn` to `fdOut` on a worker thread. It reads a seekable input from its start and leaves its offset alone; it
 * reads a pipe as data comes. It writes the output at its present offset. Rejects with ERR_XEN_BAD_STREAM for anything that is not a whole libxl v2
 * stream; the caller must then discard the output. The caller keeps both descriptors.
 */
export async function trimStream(
  fdIn: number,
  fdOut: number,
  native: NativeAddon = loadNative(),
): Promise<TrimResult> {
  checkFd(fdIn);
  checkFd(fdOut);
  return native.trimStream(fdIn, fdOut);
}

/** Makes a memfd, close-on-exec. The caller closes it. Open `/proc/self/fd/N` for a second, independent offset. */
export function memfdCreate(name: string, native: NativeAddon = loadNative()): number {
  checkString('memfd name', name);
  return native.memfdCreate(name);
}
