// SPDX-License-Identifier: Apache-2.0
// Reduces an entry of a guest's archive to names below the copied file or directory.

import { CopyError } from './errors.js';

const NAMES_MAX = 1000;

/**
 * Returns the names below the first component, which names the copied thing; an empty list for that one. Throws ERR_COPY for "..", a name with NUL, and
 * more than 1000 names.
 */
export function namesOf(untrustedPath: string): string[] {
  const names = untrustedPath.split('/').filter((name) => name !== '' && name !== '.');
  if (names.includes('..') || untrustedPath.includes('\0') || names.length > NAMES_MAX)
    throw new CopyError(
      `The guest sent a path that leads out of its archive: ${JSON.stringify(untrustedPath.slice(0, 200))}`,
    );
  return names.slice(1);
}
