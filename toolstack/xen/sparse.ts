// SPDX-License-Identifier: Apache-2.0
// Copies of disk files, in which what nobody wrote takes no room.

import { copySparse } from '../../bindings/index.js';

/** Copies `from` to `to`, which must not be there, holes left as holes. Rejects with ERR_XEN_EEXIST, ERR_XEN_ENOSPC and the like. */
export function copyDiskFile(from: string, to: string): Promise<void> {
  return copySparse(from, to);
}
