// SPDX-License-Identifier: Apache-2.0
// Fake ext4 tools: filesystems are ordinary files, and mounts are recorded.

import { mkdir, writeFile } from 'node:fs/promises';
import type { DiskTools } from '../../../toolstack/volume/drivers/ext4-file/tools.js';

export interface FakeDiskTools extends DiskTools {
  /** Mount targets by path. */
  readonly mounted: Map<string, string>;
  /** The error with which make() rejects. */
  fault?: Error;
}

export function fakeDiskTools(): FakeDiskTools {
  const mounted = new Map<string, string>();
  return {
    mounted,
    async make(path, sizeBytes) {
      await writeFile(path, String(sizeBytes), { flag: 'wx' });
      if (this.fault) throw this.fault;
    },
    async mount(path, target) {
      await mkdir(target, { recursive: true });
      mounted.set(path, target);
    },
    unmount(target) {
      for (const [path, where] of mounted) if (where === target) mounted.delete(path);
      return Promise.resolve();
    },
  };
}
