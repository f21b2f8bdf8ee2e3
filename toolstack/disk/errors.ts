// SPDX-License-Identifier: Apache-2.0
// Refuses work that would take the space which stays free for running containers.

import { ThawError } from '../base/errors.js';
import { formatBytes } from '../base/text.js';

export class DiskError extends ThawError {}

/** A filesystem without room for some work. */
export interface Shortage {
  /** The folder where the filesystem is mounted. */
  path: string;
  freeBytes: number;
  reserveBytes: number;
  /** The bytes that the work was going to write; 0 where nobody knows. */
  neededBytes: number;
}

/** Returns the error ERR_DISK_RESERVE. `action` is as in `Cannot pull busybox`. Pure. */
export function shortageError(
  action: string,
  { path, freeBytes, reserveBytes, neededBytes }: Shortage,
): DiskError {
  const needs = neededBytes > 0 ? `it takes ${formatBytes(neededBytes)}, ` : '';
  return new DiskError(
    'ERR_DISK_RESERVE',
    `Cannot ${action}: ${needs}${formatBytes(freeBytes)} are free on the file system of ${path}, ` +
      `and ${formatBytes(reserveBytes)} stay free for running containers; ${DISK_REMEDY}`,
  );
}

/** The ways to make room, as the end of a message. */
export const DISK_REMEDY =
  'remove images (thaw image prune) or containers (thaw rm), use a larger disk, or lower disk-reserve (thaw config)';
