// SPDX-License-Identifier: Apache-2.0
// Filesystems in a map: each has a path below which all is on it, a size and what is free of it.

import type { DiskCalls, Space } from '../../../toolstack/disk/index.js';

export interface FakeDisk extends Space {
  path: string;
}

/** `missing` names paths that do not exist. A change of a disk counts from the next call on. */
export function fakeDisks(
  disks: readonly FakeDisk[],
  missing: readonly string[] = [],
): DiskCalls & { calls: number } {
  const find = (path: string): number => {
    const at = disks
      .map((disk, index) => ({ index, path: disk.path }))
      .filter((disk) => disk.path === '/' || `${path}/`.startsWith(`${disk.path}/`))
      .sort((a, b) => b.path.length - a.path.length)[0]?.index;
    if (at === undefined || missing.includes(path))
      throw Object.assign(new Error(`No ${path}`), { code: 'ENOENT' });
    return at;
  };
  const fake = {
    calls: 0,
    deviceOf: async (path: string) => Promise.resolve(find(path)),
    spaceOf: async (path: string) => {
      fake.calls++;
      const { freeBytes = 0, totalBytes = 0 } = disks[find(path)] ?? {};
      return Promise.resolve({ freeBytes, totalBytes });
    },
  };
  return fake;
}
