// SPDX-License-Identifier: Apache-2.0
// Encodes and decodes the parts of a checkpoint file (docs/checkpoint.md): a prefix, the header as JSON, frames of memory, frames of the disk,
// an end frame.

/** The first bytes of every checkpoint. */
const WORDS = 'thaw checkpoint\n';
const MAGIC = Buffer.from(WORDS, 'latin1');
/** Raised when the layout or the meaning of a field changes. */
const VERSION = 1;
export const DIGEST_BYTES = 32;
const HEADER_BYTES_MAX = 2 ** 20;

/** The prefix holds the magic, the version, the header's length and the header's SHA-256. */
export const PREFIX_BYTES = MAGIC.length + 8 + DIGEST_BYTES;
/** The most unpacked bytes of one frame. */
export const CHUNK_BYTES = 2 ** 20;
export const FRAME_BYTES = 24;

export const FrameKind = { MEMORY: 1, DISK: 2, END: 3 } as const;

/** The fields of a frame's head. */
export interface FrameHead {
  kind: number;
  /** True for raw DEFLATE data; false for data that is not compressed. */
  isDeflated: boolean;
  /** Bytes of the body in the file. */
  storedBytes: number;
  /** Bytes of the body once unpacked. */
  bytes: number;
  /** Offset of the unpacked bytes in the memory stream or on the disk. */
  offset: number;
}

export function encodePrefix(headerBytes: number, digest: Buffer): Buffer {
  const numbers = Buffer.alloc(8);
  numbers.writeUInt32LE(VERSION, 0);
  numbers.writeUInt32LE(headerBytes, 4);
  return Buffer.concat([MAGIC, numbers, digest]);
}

/** Returns the header's length and digest, or a text with the reason why the prefix is not valid. */
export function decodePrefix(untrusted: Buffer): { headerBytes: number; digest: Buffer } | string {
  const isOurs = untrusted.subarray(0, MAGIC.length).equals(MAGIC);
  if (!isOurs || untrusted.length !== PREFIX_BYTES) return 'it is no checkpoint of a container';
  const version = untrusted.readUInt32LE(MAGIC.length);
  if (version !== VERSION) return `its format is ${version}, and this thaw reads ${VERSION}`;
  const headerBytes = untrusted.readUInt32LE(MAGIC.length + 4);
  if (headerBytes > HEADER_BYTES_MAX) return 'it is damaged: its header is too long';
  return { headerBytes, digest: untrusted.subarray(MAGIC.length + 8) };
}

export function encodeFrameHead({
  kind,
  isDeflated,
  storedBytes,
  bytes,
  offset,
}: FrameHead): Buffer {
  const head = Buffer.alloc(FRAME_BYTES);
  head.writeUInt32LE(kind, 0);
  head.writeUInt32LE(isDeflated ? 1 : 0, 4);
  head.writeUInt32LE(storedBytes, 8);
  head.writeUInt32LE(bytes, 12);
  head.writeBigUInt64LE(BigInt(offset), 16);
  return head;
}

/** Returns undefined for a head that no frame can have. The reader checks the order of frames. */
export function decodeFrameHead(untrusted: Buffer): FrameHead | undefined {
  const [kind, coding] = [untrusted.readUInt32LE(0), untrusted.readUInt32LE(4)];
  const [storedBytes, bytes] = [untrusted.readUInt32LE(8), untrusted.readUInt32LE(12)];
  const offset = Number(untrusted.readBigUInt64LE(16));
  const isDeflated = coding === 1;
  const isEnd = kind === FrameKind.END;
  const fits =
    coding <= 1 &&
    Number.isSafeInteger(offset) &&
    bytes >= 1 &&
    bytes <= (isEnd ? DIGEST_BYTES : CHUNK_BYTES) &&
    (isDeflated ? storedBytes >= 1 && storedBytes < bytes : storedBytes === bytes) &&
    (isEnd
      ? !isDeflated && bytes === DIGEST_BYTES && offset === 0
      : kind === FrameKind.MEMORY || kind === FrameKind.DISK);
  return fits ? { kind, isDeflated, storedBytes, bytes, offset } : undefined;
}
