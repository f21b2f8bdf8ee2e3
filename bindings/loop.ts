// SPDX-License-Identifier: Apache-2.0
// Attaches files as block devices by the kernel's loop driver (linux/loop.h), without starting a process.

import { checkString } from './args.js';
import { loadNative } from './loader.js';
import type { NativeAddon } from './native.js';

/**
 * Attaches a file to a loop device, read-only unless `writable`, and resolves with the device's path, such as /dev/loop3. Rejects with ERR_XEN_ENOENT
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

/** Detaches the file from a loop device. A device in use goes with its last user. A device without a file stays as it is. */
export async function loopDetach(
  device: string,
  native: NativeAddon = loadNative(),
): Promise<void> {
  checkString('loop device', device);
  return native.loopDetach(device);
}
