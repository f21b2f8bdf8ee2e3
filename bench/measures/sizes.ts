// SPDX-License-Identifier: Apache-2.0
// kernel.bytes and initrd.bytes: the loaded size of the guest's files.

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Samples } from '../measure.js';
import { GUEST } from '../paths.js';

export function measureSizes(): Samples[] {
  const kernel = loadedBytes(readFileSync(join(GUEST, 'vmlinux')));
  const initrd = statSync(join(GUEST, 'initrd')).size;
  return [
    { name: 'kernel.bytes', type: 'host', unit: 'bytes', samples: [kernel] },
    { name: 'initrd.bytes', type: 'host', unit: 'bytes', samples: [initrd] },
  ];
}

/** Returns the sum of the FileSiz of all PT_LOAD segments (ELF-64, System V ABI chapter 5). */
export function loadedBytes(elf: Buffer): number {
  const at = Number(elf.readBigUInt64LE(32));
  const [size, count] = [elf.readUInt16LE(54), elf.readUInt16LE(56)];
  let total = 0;
  for (let i = 0; i < count; i++) {
    const header = elf.subarray(at + i * size, at + (i + 1) * size);
    if (header.readUInt32LE(0) === 1) total += Number(header.readBigUInt64LE(32));
  }
  return total;
}
