#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Which pages of a kernel hold nothing but the linker's fill, and need not be copied into clones?
// drop-fill.mjs VMLINUX: in each loaded segment of the ELF file, pages of nothing but int3 (0xcc) become pages of zeroes, in place. They are the
// alignment of kernel text to 2 MiB, over 500 pages, and nothing jumps there; a clone copies only pages that are not zero.
import { readFileSync, writeFileSync } from 'node:fs';

const PAGE = 4096;
const FILL = Buffer.alloc(PAGE, 0xcc);
const PT_LOAD = 1;

/** Zeroes the fill pages of an ELF64 image in place and returns how many there were. Throws when it is no such image. */
export function dropFill(image) {
  if (image.length < 64 || image.readUInt32BE(0) !== 0x7f454c46 || image[4] !== 2 || image[5] !== 1)
    throw new Error('Cannot read the kernel: it is not a little-endian ELF64 file');
  const [table, size, count] = [
    Number(image.readBigUInt64LE(32)),
    image.readUInt16LE(54),
    image.readUInt16LE(56),
  ];
  let dropped = 0;
  for (let header = table; header < table + size * count; header += size) {
    if (image.readUInt32LE(header) !== PT_LOAD) continue;
    const start = Number(image.readBigUInt64LE(header + 8));
    const end = start + Number(image.readBigUInt64LE(header + 32));
    if (start % PAGE !== 0 || end > image.length)
      throw new Error(
        `Cannot read the kernel: segment at ${start} is not in whole pages of the file`,
      );
    for (let page = start; page + PAGE <= end; page += PAGE) {
      if (!image.subarray(page, page + PAGE).equals(FILL)) continue;
      image.fill(0, page, page + PAGE);
      dropped++;
    }
  }
  return dropped;
}

if (import.meta.filename === process.argv[1]) {
  try {
    const image = readFileSync(process.argv[2]);
    console.error(`${dropFill(image)} pages of fill are zero now`);
    writeFileSync(process.argv[2], image);
  } catch (error) {
    console.error(`drop-fill.mjs: ${error.message}`);
    process.exitCode = 1;
  }
}
