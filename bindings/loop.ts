// SPDX-License-Identifier: Apache-2.0
// Files as block devices, by the kernel's loop driver (linux/loop.h), without a process for each.

import { checkString } from './args.js';
import { loadNative } from './loader.js';
import type { NativeAddon } from './native.js';

/**
 * Makes a loop device of a file, read-only unless `writable`, and resolves with its path, such as /dev/loop3. Rejects with ERR_XEN_ENOENT
 * and the like.
 */
export async function loopAttach(
  file: string,
  writable = false,
  native: NativeAddon = loadNative(),
): Promise<string> {
  checkString('file', file);
  return native.loopAttach(file, writable);
}

/** Takes the file off a loop device. One that is still in use goes with its last user; one without a file is left as it is. */
export async function loopDetach(
  device: string,
  native: NativeAddon = loadNative(),
): Promise<void> {
  checkString('loop device', device);
  return native.loopDetach(device);
}
