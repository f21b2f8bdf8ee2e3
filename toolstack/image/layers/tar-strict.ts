// SPDX-License-Identifier: Apache-2.0
// Refuses tar headers that tar-stream and mkfs.erofs read differently: an entry could hide from LayerRules in what tar-stream takes for data.
// mkfs.erofs (lib/tar.c) keeps all extended headers before an entry, stops at names that begin with a NUL, and takes data of files alone.
import type { Header } from 'tar-stream';
import { ImageError, quoteUntrusted } from '../errors.js';
import { baseOf, entryPath } from './tar-path.js';

const BLOCK = 512;
const PERMISSIONS = 0o7777;
/** The bits of a mode that mkfs.erofs sets for each type. It would mix others in, and make a device of a folder. */
const TYPE_BITS: Readonly<Record<string, number>> = {
  ...{ '0': 0o100000, '1': 0o100000, '7': 0o100000 },
  ...{ '2': 0o120000, '5': 0o040000, '6': 0o010000 },
};

/** Checks the bytes before an entry's data: its header, and extended headers before that. Throws ERR_IMAGE_UNSUPPORTED. */
export function checkHeaders(raw: Buffer, header: Header): void {
  const refuse = (why: string): never => {
    throw new ImageError(
      'ERR_IMAGE_UNSUPPORTED',
      `Entry ${quoteUntrusted(header.name)} ${why}, which tar programs read differently: build the layer with a current tool`,
    );
  };
  let at = 0;
  while (isZero(raw, at)) at += BLOCK;
  if (at > BLOCK) refuse('follows the end of the archive');
  const before = new Set<string>();
  for (;;) {
    const block = raw.subarray(at, at + BLOCK);
    checkBlock(block, refuse);
    const type = typeOf(block);
    if (!'xgLK'.includes(type)) break;
    const size = sizeOf(block) ?? refuse('has an extended header of unknown size');
    const data = raw.subarray(at + BLOCK, at + BLOCK + size);
    checkExtended(type, data, before, refuse);
    before.add(type);
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  if (at + BLOCK !== raw.length) refuse('has more than one header');
  checkEntry(raw.subarray(at), header, refuse);
}

type Refuse = (why: string) => never;

function checkBlock(block: Buffer, refuse: Refuse): void {
  if (block.length < BLOCK || block[0] === 0) refuse('has no name in its header');
  // GNU's format has times where POSIX has the start of the name.
  if (block.toString('latin1', 257, 265) === 'ustar  \0' && block[345] !== 0)
    refuse('has access times in its header');
}

function checkExtended(type: string, data: Buffer, before: Set<string>, refuse: Refuse): void {
  if (before.has(type)) refuse('has two extended headers of one kind');
  const [hasPax, hasLong] = [before.has('x'), before.has('L') || before.has('K')];
  if (type === 'g' ? hasPax || hasLong : type === 'x' ? hasLong : hasPax)
    refuse('has extended headers of two kinds');
  if (type === 'L' || type === 'K') {
    if (data.length === 0 || data[0] === 0) refuse('has an empty name');
    return;
  }
  const keys = paxKeys(data) ?? refuse('has an unsound extended header');
  if (type === 'g' && keys.some((key) => /^(path|linkpath|size)$|xattr/.test(key)))
    refuse('takes its name, size or attributes from a global header');
}

function checkEntry(block: Buffer, header: Header, refuse: Refuse): void {
  const type = typeOf(block);
  // mkfs.erofs leaves such a file out.
  if (type === '\0') refuse('has no type');
  const bits = Number.parseInt(block.toString('latin1', 100, 108).replace(/[\0 ]/g, ''), 8) || 0;
  if ((bits & ~PERMISSIONS) !== 0 && (bits & ~PERMISSIONS) !== TYPE_BITS[type])
    refuse('has another type in its mode');
  if (sizeOf(block) === undefined) refuse('has an unsound size');
  const isFile = header.type === 'file' || header.type === 'contiguous-file';
  const isMark = baseOf(entryPath(header.name)).startsWith('.wh.');
  if (header.size !== 0 && (!isFile || isMark)) refuse('has a size, and is no file');
}

/** Returns the keys of a pax header, or undefined for an unsound one: each record is its length, a space, KEY=VALUE and a line feed. */
function paxKeys(data: Buffer): string[] | undefined {
  const keys: string[] = [];
  for (let at = 0; at < data.length;) {
    const [head = '', length = '', key = ''] =
      /^([1-9]\d{0,6}) ([^=\n\0]+)=/.exec(data.toString('latin1', at, at + 300)) ?? [];
    const end = at + Number(length);
    if (head === '' || end < at + head.length + 1 || end > data.length || data[end - 1] !== 0x0a)
      return undefined;
    const value = data.toString('latin1', at + head.length, end - 1);
    if (key === 'size' ? !/^\d{1,15}$/.test(value) : /path$/.test(key) && /^$|\0/.test(value))
      return undefined;
    if (keys.includes(key)) return undefined;
    keys.push(key);
    at = end;
  }
  return keys;
}

/** Returns the size field's value, or undefined for one that is neither octal digits nor a number of up to 2^48. */
function sizeOf(block: Buffer): number | undefined {
  const field = block.subarray(124, 136);
  if (field[0] === 0x80)
    return field.subarray(1, 6).some((byte) => byte !== 0) ? undefined : field.readUIntBE(6, 6);
  const text = field.toString('latin1');
  return /^ *[0-7]+[ \0]*$/.test(text) ? Number.parseInt(text.trim(), 8) : undefined;
}

function typeOf(block: Buffer): string {
  return block.toString('latin1', 156, 157);
}

function isZero(raw: Buffer, at: number): boolean {
  return at + BLOCK <= raw.length && raw.subarray(at, at + BLOCK).every((byte) => byte === 0);
}
