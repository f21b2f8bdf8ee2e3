// SPDX-License-Identifier: Apache-2.0
// Where an entry of a guest's archive may lie: a row of names below the copied thing.

import { CopyError } from './errors.js';

const NAMES_MAX = 1000;

/**
 * The names below the first component, which is the copied thing's own; none for that itself. Throws ERR_COPY for "..", a name with NUL, and
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
