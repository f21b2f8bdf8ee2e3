// SPDX-License-Identifier: Apache-2.0
// What can be asked of checkpoints: running containers as files.

import type { PortWish } from './container.js';

export interface CheckpointOptions {
  /** The file to write, as the client wrote it. */
  path: string;
  /** The container goes on once it is copied; else it ends. */
  leavesRunning: boolean;
}

export interface RestoreOptions {
  /** The file to read, as the client wrote it. */
  path: string;
  /** Without it the one that it had. */
  name?: string;
  /** In place of those that it had. */
  ports?: PortWish[];
}
