// SPDX-License-Identifier: Apache-2.0
// Requests about checkpoints: running containers as files.

import type { PortRequest } from './container.js';

export interface CheckpointOptions {
  /** The file to write, as the client wrote it. */
  path: string;
  /** The container continues once it is copied; else it ends. */
  leavesRunning: boolean;
}

export interface RestoreOptions {
  /** The file to read, as the client wrote it. */
  path: string;
  /** Name of the restored container; by default the old one. */
  name?: string;
  /** Published ports in place of the old ones. */
  ports?: PortRequest[];
}
