// SPDX-License-Identifier: Apache-2.0
// Says in a record that thaw itself paused a container or a pod, since a disk is nearly full.

import type { ContainerState } from '../../api/container.js';

export interface DiskPause {
  /** The folder where the filesystem is mounted. */
  path: string;
  /** Milliseconds since 1970. */
  since: number;
}

/** Returns the reason of the pause, for people. Pure. */
export function diskPauseText({ path }: DiskPause): string {
  return `the file system of ${path} is nearly full`;
}

/** Returns the reason why thaw itself paused the container; undefined for any other container. Pure. */
export function pausedBy({
  state,
  diskPause,
}: {
  state: ContainerState;
  diskPause?: DiskPause | undefined;
}): string | undefined {
  return state === 'paused' && diskPause ? diskPauseText(diskPause) : undefined;
}
