// SPDX-License-Identifier: Apache-2.0
// Kernel pages that hold only the linker's fill are zeroed. No other byte changes.
import { readFileSync } from 'node:fs';
import test from 'ava';
import { files, run } from '../support.js';

const PAGE = 4096;
const PT_LOAD = 1;
const PT_NOTE = 4;

/** An ELF64 file: headers in its first page, then one segment of the given type over the given pages. */
function elf(pages: Buffer[], segmentType = PT_LOAD, offset = PAGE): Buffer {
  const header = Buffer.alloc(PAGE);
  header.writeUInt32BE(0x7f454c46, 0);
  header.set([2, 1], 4);
  header.writeBigUInt64LE(64n, 32);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(1, 56);
  header.writeUInt32LE(segmentType, 64);
  header.writeBigUInt64LE(BigInt(offset), 64 + 8);
  header.writeBigUInt64LE(BigInt(pages.length * PAGE), 64 + 32);
  return Buffer.concat([header, ...pages]);
}

const fill = Buffer.alloc(PAGE, 0xcc);
const code = Buffer.concat([Buffer.from([0x90]), fill.subarray(1)]);
const zero = Buffer.alloc(PAGE);

test('zeroes whole pages of int3 in loaded segments and nothing else', (t) => {
  const at = files(t, { vmlinux: elf([code, fill, zero, fill]) });
  t.is(run('linux/drop-fill.mjs', at('vmlinux')).status, 0);
  t.true(readFileSync(at('vmlinux')).equals(elf([code, zero, zero, zero])));
});

test('leaves segments alone that are not loaded', (t) => {
  const image = elf([code, fill], PT_NOTE);
  const at = files(t, { vmlinux: image });
  t.is(run('linux/drop-fill.mjs', at('vmlinux')).status, 0);
  t.true(readFileSync(at('vmlinux')).equals(image));
});

test('refuses what is no ELF file, is cut short or has a segment across pages, and leaves it as it was', (t) => {
  const images = {
    text: Buffer.from('not a kernel'.repeat(10)),
    short: elf([code, fill]).subarray(0, 2 * PAGE),
    odd: elf([code, fill], PT_LOAD, PAGE + 16),
  };
  const at = files(t, images);
  for (const [name, image] of Object.entries(images)) {
    const outcome = run('linux/drop-fill.mjs', at(name));
    t.is(outcome.status, 1);
    t.regex(outcome.stderr, /^drop-fill\.mjs: Cannot read the kernel: /);
    t.true(readFileSync(at(name)).equals(image));
  }
});
