// SPDX-License-Identifier: Apache-2.0
// A copy of a file that takes no more room than the file, without a process for each.

import { checkString } from './args.js';
import { loadNative } from './loader.js';
import type { NativeAddon } from './native.js';

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
