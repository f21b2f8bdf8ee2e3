// SPDX-License-Identifier: Apache-2.0
// How a save stream is made small: zero pages become allocate-only entries, which every Xen restores. And where it can be kept: memfds.

import { checkFd, checkString } from './args.js';
import { loadNative } from './loader.js';
import type { NativeAddon } from './native.js';
import type { TrimResult } from './types.js';

/**
 * Rewrites libxl's save stream in `fdIn` to `fdOut` on a worker thread. A seekable input is read from its start and its offset stays as
 * it is; a pipe is read as it comes. The output is written at its present offset. Rejects with ERR_XEN_BAD_STREAM for anything that is
 * not a whole libxl v2 stream; the output is then to be thrown away. Descriptors stay the caller's.
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

/** A new memfd, close-on-exec. The caller closes it; open `/proc/self/fd/N` for a second, independent offset. */
export function memfdCreate(name: string, native: NativeAddon = loadNative()): number {
  checkString('memfd name', name);
  return native.memfdCreate(name);
}
