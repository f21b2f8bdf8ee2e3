// SPDX-License-Identifier: Apache-2.0
// What is the same of each EROFS that is made, whatever of: its build leaves no trace, it is on disk, and a full disk is told from other faults.
import { open } from 'node:fs/promises';
import { saysNoSpace, spaceOf } from '../errors.js';
import { lastLine, ToolFailure } from '../tool.js';

/** A fixed build time and no UUID; files keep their times. */
export const REPRODUCIBLE = ['-T0', '--mkfs-time', '-Uclear', '--quiet'];

/** mkfs.erofs 1.8 does not always say that a write failed for lack of space: with less than this free, that was it. */
const FULL_BELOW = 1024 * 1024;

/** Whether it failed since the file system of `dir` is full. */
export async function ranOutOfSpace(error: unknown, dir: string): Promise<boolean> {
  const { freeBytes } = await spaceOf(dir);
  return (
    saysNoSpace(error) ||
    (error instanceof ToolFailure && (saysNoSpace(error.stderr) || freeBytes < FULL_BELOW))
  );
}

/** What mkfs.erofs complains of: it ends with a summary, the first complaint is the reason. */
export function complaintOf({ stderr }: ToolFailure): string {
  const complaint = stderr.split('\n').find((line) => line.startsWith('<E>'));
  return (complaint?.replace(/^<E>\s*(erofs:?)?\s*/, '') ?? lastLine(stderr)).slice(0, 300);
}

/** Resolves with its size once the file is on disk. */
export async function flush(path: string): Promise<number> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}
