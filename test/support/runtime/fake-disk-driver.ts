// SPDX-License-Identifier: Apache-2.0
// A host on which filesystems are ordinary files, and mounted ones are noted.

import { mkdir, writeFile } from 'node:fs/promises';
import type { DiskDriver } from '../../../toolstack/volume/drivers/ext4-file/disk.js';

export interface FakeDiskDriver extends DiskDriver {
  /** Target by path. */
  readonly mounted: Map<string, string>;
  /** What the next make() rejects with. */
  fault?: Error;
}

export function fakeDiskDriver(): FakeDiskDriver {
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
