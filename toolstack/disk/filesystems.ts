// SPDX-License-Identifier: Apache-2.0
// Which filesystems hold thaw's folders, and how much is free on each.

import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode } from '../base/errors.js';

/** The kernel's calls, which tests replace. Both reject as node:fs does. */
export interface DiskCalls {
  /** Resolves with the number of the filesystem's device. */
  deviceOf(path: string): Promise<number>;
  /** Resolves with the bytes that a process without privileges may still write, and with the filesystem's size in bytes. */
  spaceOf(path: string): Promise<Space>;
}

export interface Space {
  freeBytes: number;
  totalBytes: number;
}

export const kernelDisks: DiskCalls = {
  deviceOf: async (path) => (await stat(path)).dev,
  spaceOf: async (path) => {
    const { bavail, blocks, bsize } = await statfs(path);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  },
};

/** A folder of thaw's, and the things that it holds, for people. */
export interface KeptFolder {
  path: string;
  holds: string;
}

export interface Filesystem extends Space {
  device: number;
  /** The highest folder that belongs to the filesystem: where it is mounted. */
  path: string;
  /** The things that thaw keeps there. */
  holds: string[];
}

/** Resolves with the path itself, or with the nearest folder above it that exists. Rejects as stat() does, but not with ENOENT. */
export async function nearestFolder(calls: DiskCalls, path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    try {
      await calls.deviceOf(at);
      return at;
    } catch (error) {
      const code = errorCode(error);
      if ((code !== 'ENOENT' && code !== 'ENOTDIR') || at === dirname(at)) throw error;
    }
  }
}

/** Resolves with the highest folder of the filesystem that `path` is on. */
export async function mountOf(calls: DiskCalls, path: string): Promise<string> {
  const device = await calls.deviceOf(path);
  let at = path;
  for (let above = dirname(at); above !== at; above = dirname(at)) {
    if ((await calls.deviceOf(above)) !== device) return at;
    at = above;
  }
  return at;
}

/** Resolves with each filesystem that holds one of the folders, once, in the folders' order. A folder may be missing. */
export async function filesystemsOf(
  calls: DiskCalls,
  folders: readonly KeptFolder[],
): Promise<Filesystem[]> {
  const found = new Map<number, Filesystem>();
  for (const { path, holds } of folders) {
    const there = await nearestFolder(calls, path);
    const device = await calls.deviceOf(there);
    const known = found.get(device);
    if (known) known.holds.push(holds);
    else {
      const [mount, space] = [await mountOf(calls, there), await calls.spaceOf(there)];
      found.set(device, { device, path: mount, holds: [holds], ...space });
    }
  }
  return [...found.values()];
}
