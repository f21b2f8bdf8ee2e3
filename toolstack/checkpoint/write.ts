// SPDX-License-Identifier: Apache-2.0
// Writes a checkpoint: compresses pieces of memory and of the disk in parallel, and renames the file to its name once it is complete.

import { createHash } from 'node:crypto';
import { open, rename, rm, stat, statfs, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { constants, deflateRaw } from 'node:zlib';
import { nextData, type DataRange } from '../../bindings/index.js';
import { withDeadline } from '../base/deadline.js';
import { errorCode, errorMessage } from '../base/errors.js';
import { sync } from '../base/files.js';
import { formatBytes } from '../base/text.js';
import { reopenFd } from '../clone/template/memfd.js';
import { CheckpointError, writeFailure } from './errors.js';
import { CHUNK_BYTES, DIGEST_BYTES, encodeFrameHead, encodePrefix, FrameKind } from './format.js';
import { parseHeader, type CheckpointHeader } from './header.js';
import { inOrder } from './in-order.js';
import { readAt, writeAt } from './io.js';

const deflate = promisify<Buffer, { level: number }, Buffer>(deflateRaw);
/** The number of libuv's threads. */
const DEPTH = 4;

export interface CheckpointSource {
  /** The header without its fields `memory` and `disk`, which writeCheckpoint() adds. */
  about: Omit<CheckpointHeader, 'memory' | 'disk'>;
  /** `fd` is a memfd that the caller keeps and closes. */
  memory: { fd: number; bytes: number; dataPages: number };
  /** The disk's file must not change during the write. */
  disk?: { path: string; bytes: number } | undefined;
}

export interface WriteOptions {
  signal: AbortSignal;
  /** Called with the bytes of memory and disk that are done, and with their total. */
  onProgress: (done: number, total: number) => void;
}

/** Checks before the write that `path`, absolute, can be a checkpoint's file. Rejects with ERR_CHECKPOINT_FILE. */
export async function checkTarget(path: string): Promise<void> {
  const refuse = (why: string, cause?: unknown): CheckpointError =>
    new CheckpointError('ERR_CHECKPOINT_FILE', `Cannot write ${path}: ${why}`, { cause });
  const before = await stat(path).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw writeFailure(path, error);
    return undefined;
  });
  if (before && !before.isFile()) throw refuse('it is no ordinary file; give another name');
  const folder = await stat(dirname(path)).catch((error: unknown) => {
    throw refuse('its folder is not there', error);
  });
  if (!folder.isDirectory()) throw refuse('its folder is none');
}

/**
 * Writes a checkpoint to `path`, absolute, mode 0600, and replaces an existing file. Rejects with ERR_DISK or ERR_CHECKPOINT_FILE, or with the
 * signal's reason; then no temporary file remains, and an existing file is unchanged.
 */
export async function writeCheckpoint(
  path: string,
  source: CheckpointSource,
  options: WriteOptions,
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.thaw-${process.pid}-${counter++}`);
  try {
    await writeWhole(temporary, source, options);
    await rename(temporary, path);
    await sync(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw writeFailure(path, error);
  }
}

let counter = 0;

async function writeWhole(
  path: string,
  { about, memory, disk }: CheckpointSource,
  { signal, onProgress }: WriteOptions,
): Promise<void> {
  signal.throwIfAborted();
  const file = await open(path, 'wx', 0o600);
  const from = await reopenFd(memory.fd, 'r');
  const image = disk && (await open(disk.path, 'r'));
  try {
    const ranges = image && disk ? await rangesOf(image, disk.bytes) : [];
    const dataBytes = ranges.reduce((sum, { start, end }) => sum + end - start, 0);
    await checkSpace(path, memory.bytes + dataBytes);
    const { bytes, dataPages } = memory;
    const header: CheckpointHeader = {
      ...about,
      memory: { bytes, dataPages },
      ...(disk ? { disk: { bytes: disk.bytes, dataBytes } } : {}),
    };
    checkHeader(header);
    const sink = new Sink(file, signal);
    await sink.begin(header);
    let done = 0;
    const send = async (kind: number, source: FileHandle, parts: DataRange[]): Promise<void> => {
      for await (const frame of inOrder(chunksOf(source, kind, parts), DEPTH, (chunk) =>
        pack(kind, chunk),
      )) {
        await sink.write(frame.stored);
        onProgress((done += frame.bytes), memory.bytes + dataBytes);
      }
    };
    await send(FrameKind.MEMORY, from, [{ start: 0, end: memory.bytes }]);
    if (image) await send(FrameKind.DISK, image, ranges);
    await sink.end();
  } finally {
    await Promise.allSettled([file.close(), from.close(), image?.close()]);
  }
}

/** Refuses a header that parseHeader() would not read back. Throws ERR_CHECKPOINT_FILE. */
function checkHeader(header: CheckpointHeader): void {
  try {
    parseHeader(JSON.stringify(header));
  } catch (cause) {
    const message = `Cannot write a checkpoint: ${errorMessage(cause)}`;
    throw new CheckpointError('ERR_CHECKPOINT_FILE', message, { cause });
  }
}

/** Resolves with the ranges of a sparse file's first `bytes` that hold data. */
async function rangesOf(image: FileHandle, bytes: number): Promise<DataRange[]> {
  const ranges: DataRange[] = [];
  for (let at = 0; at < bytes;) {
    const range = await nextData(image.fd, at);
    if (!range || range.start >= bytes) break;
    at = Math.min(range.end, bytes);
    ranges.push({ start: range.start, end: at });
  }
  return ranges;
}

/** Rejects with ERR_DISK before minutes of writing when the file system may be too full. Assumes that nothing compresses. */
async function checkSpace(path: string, bytes: number): Promise<void> {
  const folder = dirname(path);
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= bytes) return;
  throw new CheckpointError(
    'ERR_DISK',
    `Cannot write a checkpoint of up to ${formatBytes(bytes)} into ${folder}: its file system has ${formatBytes(bavail * bsize)} free; ` +
      'make room, or choose another place',
  );
}

interface Chunk {
  offset: number;
  data: Buffer;
}

async function* chunksOf(
  file: FileHandle,
  kind: number,
  ranges: DataRange[],
): AsyncGenerator<Chunk> {
  for (const { start, end } of ranges) {
    for (let offset = start; offset < end; offset += CHUNK_BYTES) {
      const data = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, end - offset));
      if ((await readAt(file, data, offset)) < data.length)
        throw new Error('The copy is shorter than it was');
      // The restored disk is sparse and reads as zeros there.
      if (kind === FrameKind.DISK && data.equals(ZEROS.subarray(0, data.length))) continue;
      yield { offset, data };
    }
  }
}

const ZEROS = Buffer.alloc(CHUNK_BYTES);

/** Resolves with the chunk's frame, compressed only where DEFLATE makes it smaller. */
async function pack(
  kind: number,
  { offset, data }: Chunk,
): Promise<{ stored: Buffer[]; bytes: number }> {
  const deflated = await deflate(data, { level: constants.Z_BEST_SPEED });
  const isDeflated = deflated.length < data.length;
  const body = isDeflated ? deflated : data;
  const head = { kind, isDeflated, storedBytes: body.length, bytes: data.length, offset };
  return { stored: [encodeFrameHead(head), body], bytes: data.length };
}

/** Appends to the checkpoint's file, and computes the digest of all bytes. */
class Sink {
  readonly #file: FileHandle;
  readonly #signal: AbortSignal;
  readonly #hash = createHash('sha256');
  #at = 0;

  constructor(file: FileHandle, signal: AbortSignal) {
    this.#file = file;
    this.#signal = signal;
  }

  async begin(header: CheckpointHeader): Promise<void> {
    const text = Buffer.from(JSON.stringify(header));
    const digest = createHash('sha256').update(text).digest();
    await this.write([encodePrefix(text.length, digest), text]);
  }

  async write(parts: Buffer[]): Promise<void> {
    for (const part of parts) {
      this.#signal.throwIfAborted();
      this.#hash.update(part);
      await writeAt(this.#file, part, this.#at);
      this.#at += part.length;
    }
  }

  /** Writes the end frame with the digest of all bytes before the digest, then flushes the file to its disk. */
  async end(): Promise<void> {
    const bytes = DIGEST_BYTES;
    const head = { kind: FrameKind.END, isDeflated: false, storedBytes: bytes, bytes, offset: 0 };
    await this.write([encodeFrameHead(head)]);
    await writeAt(this.#file, this.#hash.digest(), this.#at);
    await withDeadline(this.#file.sync(), SYNC_MS, 'File cannot be written');
    this.#signal.throwIfAborted();
  }
}

/** Long enough to flush a whole checkpoint from dom0's page cache. */
const SYNC_MS = 600_000;
