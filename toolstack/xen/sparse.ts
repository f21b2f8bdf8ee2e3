// SPDX-License-Identifier: Apache-2.0
// Copies sparse disk files.

import { copySparse } from '../../bindings/index.js';

/** Copies `from` to a new file `to`, and keeps holes as holes. Rejects with ERR_XEN_EEXIST, ERR_XEN_ENOSPC and the like. */
export function copyDiskFile(from: string, to: string): Promise<void> {
  return copySparse(from, to);
}
