// SPDX-License-Identifier: Apache-2.0
// Makes, mounts and unmounts the filesystem of a volume with a size. Guests write to it only through the file server, so dom0's kernel reads only
// its own metadata there.

import { execFile } from 'node:child_process';
import { mkdir, open, readFile, rmdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { errorMessage } from '../../../base/errors.js';
import { sync } from '../../../base/files.js';
import { VolumeError } from '../../errors.js';

const run = promisify(execFile);
const TOOL_MS = 120_000;

/** An interface, so that tests can replace the implementation. */
export interface DiskTools {
  make(path: string, sizeBytes: number): Promise<void>;
  mount(path: string, target: string): Promise<void>;
  unmount(target: string): Promise<void>;
}

/** Each rejects with ERR_VOLUME_DISK. */
export const ext4Tools: DiskTools = {
  async make(path, sizeBytes) {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.truncate(sizeBytes);
    } finally {
      await file.close();
    }
    await tool('make the filesystem of', path, 'mkfs.ext4', [
      '-q',
      '-m',
      '0',
      '-O',
      '^orphan_file',
      path,
    ]);
    await sync(path);
  },
  async mount(path, target) {
    await mkdir(target, { recursive: true, mode: 0o700 });
    if (await isMounted(target)) return;
    await tool('mount', path, 'mount', ['-o', 'loop,nosuid,nodev,noexec', path, target]);
  },
  async unmount(target) {
    if (await isMounted(target)) await tool('unmount', target, 'umount', [target]);
    await rmdir(target).catch(() => undefined);
  },
};

async function tool(what: string, path: string, program: string, args: string[]): Promise<void> {
  try {
    await run(program, args, { timeout: TOOL_MS });
  } catch (cause) {
    const { stderr } = cause as { stderr?: string };
    const [said] = stderr?.trim().split('\n') ?? [];
    throw new VolumeError(
      'ERR_VOLUME_DISK',
      `Cannot ${what} ${path}: ${said ?? errorMessage(cause)}`,
      {
        cause,
      },
    );
  }
}

/** Reads the kernel's list of mounts: an earlier thawd may have mounted the volume. */
async function isMounted(target: string): Promise<boolean> {
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  return mounts.split('\n').some((line) => line.split(' ')[1] === target);
}
