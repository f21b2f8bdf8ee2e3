// SPDX-License-Identifier: Apache-2.0
// Defines the services that all sandboxes of a thawd share, and the folder of each sandbox.

import { join } from 'node:path';
import type { Turns } from '../base/turns.js';
import type { Reserve } from '../disk/index.js';
import type { CloneEngine } from '../clone/engine/engine.js';
import type { Templates } from '../clone/template/templates.js';
import type { Networks } from '../network/index.js';
import type { LoopDevices } from '../xen/loop.js';
import type { Disks } from './devices/disks.js';
import type { MemoryBudget } from './size/memory-budget.js';
import type { SizingHost } from './size/size.js';
import type { SandboxRecord } from './record.js';
import type { ShimSpawner } from './shim/process.js';

export interface SandboxServices extends SizingHost {
  templates: Templates;
  engine: CloneEngine;
  loops: LoopDevices;
  disks: Disks;
  /** Keeps space free on the disks. */
  reserve: Reserve;
  budget: MemoryBudget;
  shims: ShimSpawner;
  /** Limits how many sandboxes are made at once: with more, each takes longer than thawd waits for its guest. */
  starts: Turns;
  networks: Networks;
  /** Receives the milliseconds that each clone took. */
  onClone: (ms: number) => void;
  /** The MACs of all sandboxes. */
  macs: Set<string>;
  /** Folder on disk for copies of domains that are too large for dom0's memory, while they are made. */
  copyFolder: string;
  /** Folder that holds one folder for each sandbox. */
  runFolder: string;
}

/** Returns the folder of a sandbox's sockets and logs. */
export function sandboxFolder(services: SandboxServices, record: SandboxRecord): string {
  return join(services.runFolder, record.id);
}
