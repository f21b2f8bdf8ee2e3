// SPDX-License-Identifier: Apache-2.0
// What all sandboxes of a thawd share, and where each has its folder.

import { join } from 'node:path';
import type { Turns } from '../base/turns.js';
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
  budget: MemoryBudget;
  shims: ShimSpawner;
  /** Sandboxes that are being made at once: with more each takes longer than its guest is waited for. */
  starts: Turns;
  networks: Networks;
  /** Told how many milliseconds each clone took. */
  onClone: (ms: number) => void;
  /** Of all sandboxes there are. */
  macs: Set<string>;
  /** On disk; for copies of domains that are too large for dom0's memory, while they are made. */
  copyFolder: string;
  /** One folder a sandbox, below it. */
  runFolder: string;
}

/** The folder of a sandbox's sockets and logs. */
export function sandboxFolder(services: SandboxServices, record: SandboxRecord): string {
  return join(services.runFolder, record.id);
}
