// SPDX-License-Identifier: Apache-2.0
// Common parts of making an EROFS: options for a reproducible build, the flush to disk, and the detection of a full disk.
import { open } from 'node:fs/promises';
import { saysNoSpace, spaceOf } from '../errors.js';
import { lastLine, ToolFailure } from '../tool.js';

/** A fixed build time and no UUID; files keep their times. */
export const REPRODUCIBLE = ['-T0', '--mkfs-time', '-Uclear', '--quiet'];

/** mkfs.erofs 1.8 does not always report a full disk. With fewer free bytes than this, a full disk is the cause of its failure. */
const FULL_BELOW = 1024 * 1024;

/** True when the error was caused by a full file system of `dir`. */
export async function ranOutOfSpace(error: unknown, dir: string): Promise<boolean> {
  const { freeBytes } = await spaceOf(dir);
  return (
    saysNoSpace(error) ||
    (error instanceof ToolFailure && (saysNoSpace(error.stderr) || freeBytes < FULL_BELOW))
  );
}

/** Returns the first error line of mkfs.erofs, which gives the reason: its last line is only a summary. */
export function complaintOf({ stderr }: ToolFailure): string {
  const complaint = stderr.split('\n').find((line) => line.startsWith('<E>'));
  return (complaint?.replace(/^<E>\s*(erofs:?)?\s*/, '') ?? lastLine(stderr)).slice(0, 300);
}

/** Resolves with the file's size in bytes once the file is on disk. */
export async function flush(path: string): Promise<number> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}
