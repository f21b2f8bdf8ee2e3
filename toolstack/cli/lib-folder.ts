// SPDX-License-Identifier: Apache-2.0
// Finds the folder that thaw is installed in.

import { fileURLToPath } from 'node:url';

/** Holds bin/, guest/ and dist/; esbuild bundles this file into dist/toolstack/cli. */
export const LIB_FOLDER = fileURLToPath(new URL('../../..', import.meta.url));
