// SPDX-License-Identifier: Apache-2.0
// Chooses memory or disk for the copy of a running domain's memory, so that dom0 does not run out of memory.

import { mkdir, open, readFile, rm, statfs, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { ThawError } from '../../base/errors.js';
import { formatBytes } from '../../base/text.js';
import type { SandboxServices } from '../services.js';

/** Memory reserved for dom0. */
const SPARE_KIB = 64 * 1024;

/**
 * Returns a file for the whole stream of a domain with `memoryKib`, or undefined when dom0's memory has room for the stream and for the pages kept of
 * it. The file has no name any more; the caller closes it. Rejects with ERR_MEMORY when neither memory nor disk has room, and with ERR_DISK_RESERVE.
 */
export async function roomForStream(
  memoryKib: number,
  { copyFolder: folder, reserve }: Pick<SandboxServices, 'copyFolder' | 'reserve'>,
  availableKib = memAvailableKib,
): Promise<FileHandle | undefined> {
  const hasKib = await availableKib();
  if (hasKib >= 2 * memoryKib + SPARE_KIB) return undefined;
  if (hasKib < memoryKib + SPARE_KIB) throw tooLittle(memoryKib, hasKib, memoryKib + SPARE_KIB);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { bavail, bsize } = await statfs(folder);
  const freeKib = Math.floor((bavail * bsize) / 1024);
  if (freeKib < memoryKib + SPARE_KIB)
    throw new ThawError(
      'ERR_MEMORY',
      `Cannot copy a domain of ${size(memoryKib)}: dom0 has ${size(hasKib)} of memory and ${folder} ${size(freeKib)} free, ` +
        'which is too little; give dom0 more of either',
    );
  await reserve.check(folder, `copy a domain of ${size(memoryKib)}`, memoryKib * 1024);
  const path = join(folder, randomBytes(8).toString('hex'));
  const file = await open(path, 'wx+', 0o600);
  await rm(path);
  return file;
}

/** Rejects with ERR_MEMORY when dom0 cannot hold the pages that clones are to be copied from. */
export async function checkRoomForPages(
  dataPages: number,
  availableKib = memAvailableKib,
): Promise<void> {
  const [hasKib, neededKib] = [await availableKib(), 4 * dataPages + SPARE_KIB];
  if (hasKib < neededKib) throw tooLittle(4 * dataPages, hasKib, neededKib);
}

function tooLittle(memoryKib: number, hasKib: number, neededKib: number): ThawError {
  return new ThawError(
    'ERR_MEMORY',
    `Cannot copy a domain of ${size(memoryKib)}: dom0 has ${size(hasKib)} available, and it takes ${size(neededKib)}; ` +
      'run the container with a smaller --memory, or give dom0 more',
  );
}

function size(kib: number): string {
  return formatBytes(kib * 1024);
}

async function memAvailableKib(): Promise<number> {
  const text = await readFile('/proc/meminfo', 'utf8');
  return Number(/^MemAvailable:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0);
}
