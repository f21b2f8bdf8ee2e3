// SPDX-License-Identifier: Apache-2.0
// Defines a domain as the disk watch sees it: where it writes, and how it is paused and resumed.

import type { DiskPause } from '../store/disk-pause.js';

/** The domain of a container, or of a pod. */
export interface DiskGuest {
  /** The domain's uuid. */
  key: string;
  /** Names the guest in messages. */
  label: string;
  domid: number;
  /** False for a guest that is known to be paused, by anybody. */
  runs: boolean;
  /** Set while the watch keeps the domain paused. */
  diskPause: DiskPause | undefined;
  /** Files of dom0 that are the guest's writable disks. */
  files: readonly string[];
  /** Folders of dom0 that the guest's shim writes to: its log's, and those of its shares. */
  folders: readonly string[];
  /** Pauses the domain, and resolves with true; with false for a domain that somebody else paused, or that is gone. Rejects as Xen does. */
  hold(reason: DiskPause): Promise<boolean>;
  /** Undoes hold(), and resolves with true; with false where nothing was to be undone. A pause by somebody else stays. Rejects as Xen does. */
  release(): Promise<boolean>;
}
