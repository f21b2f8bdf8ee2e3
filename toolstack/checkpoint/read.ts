// SPDX-License-Identifier: Apache-2.0
// Reads a checkpoint: first the header, which tells the sizes; then memory and disk, which may be used only once the last digest fits.

import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import { errorMessage } from '../base/errors.js';
import { reopenFd } from '../clone/template/memfd.js';
import { CheckpointError, damaged, readFailure } from './errors.js';
import {
  decodeFrameHead,
  decodePrefix,
  DIGEST_BYTES,
  FRAME_BYTES,
  FrameKind,
  PREFIX_BYTES,
  type FrameHead,
} from './format.js';
import { parseHeader, type CheckpointHeader } from './header.js';
import { inOrder } from './in-order.js';
import { readAt, writeAt } from './io.js';
import type { WriteOptions } from './write.js';

const inflate = promisify<Buffer, { maxOutputLength: number }, Buffer>(inflateRaw);
/** The number of libuv's threads. */
const DEPTH = 4;

export class CheckpointFile {
  readonly header: CheckpointHeader;
  readonly #file: FileHandle;
  /** The name of the checkpoint in messages. */
  readonly title: string;
  readonly #hash: Hash;
  #at: number;

  private constructor(
    file: FileHandle,
    title: string,
    hash: Hash,
    at: number,
    header: CheckpointHeader,
  ) {
    this.#file = file;
    this.title = title;
    this.#hash = hash;
    this.#at = at;
    this.header = header;
  }

  /**
   * Opens a checkpoint and reads its header. Messages call the file `title`. Rejects with ERR_CHECKPOINT_FILE for a file that cannot be read or
   * is no checkpoint, with ERR_CHECKPOINT_DAMAGED for a changed checkpoint.
   */
  static async open(path: string, title: string): Promise<CheckpointFile> {
    // O_NONBLOCK: opening a fifo would block otherwise.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(
      (error: unknown) => {
        throw readFailure(title, error);
      },
    );
    try {
      const refuse = (why: string): CheckpointError =>
        new CheckpointError('ERR_CHECKPOINT_FILE', `Cannot restore from ${title}: ${why}`);
      if (!(await file.stat()).isFile()) throw refuse('it is no ordinary file');
      const prefix = Buffer.alloc(PREFIX_BYTES);
      const got = await readAt(file, prefix, 0);
      const decoded = decodePrefix(prefix.subarray(0, got));
      if (typeof decoded === 'string') throw refuse(decoded);
      const text = Buffer.alloc(decoded.headerBytes);
      if ((await readAt(file, text, PREFIX_BYTES)) < text.length) throw damaged(title, TOO_SHORT);
      if (!createHash('sha256').update(text).digest().equals(decoded.digest))
        throw damaged(title, WRONG_DIGEST);
      const hash = createHash('sha256').update(prefix).update(text);
      return new CheckpointFile(
        file,
        title,
        hash,
        PREFIX_BYTES + text.length,
        readHeader(title, text),
      );
    } catch (error) {
      await file.close();
      throw readFailure(title, error);
    }
  }

  /**
   * Unpacks memory into a memfd, and the disk into an empty file. Callable once. Rejects with ERR_CHECKPOINT_DAMAGED, with the error of a write,
   * or with the signal's reason; then neither memory nor disk may be used.
   */
  async unpack(
    into: { memoryFd: number; disk?: FileHandle | undefined },
    { signal, onProgress }: WriteOptions,
  ): Promise<void> {
    const { memory, disk } = this.header;
    const total = memory.bytes + (disk?.dataBytes ?? 0);
    const to = await reopenFd(into.memoryFd, 'w');
    try {
      if (disk) await into.disk?.truncate(disk.bytes);
      let done = 0;
      for await (const { kind, offset, data } of inOrder(this.#frames(), DEPTH, (frame) =>
        this.#unpack(frame),
      )) {
        signal.throwIfAborted();
        const target = kind === FrameKind.MEMORY ? to : into.disk;
        if (target) await writeAt(target, data, offset);
        onProgress((done += data.length), total);
      }
    } finally {
      await to.close();
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  /** Yields the frames of memory and disk in file order, checks their offsets, and checks the digest after the last one. */
  async *#frames(): AsyncGenerator<Frame> {
    const { memory, disk } = this.header;
    let [memoryBytes, diskBytes, diskAt] = [0, 0, 0];
    for (;;) {
      const head = decodeFrameHead(await this.#take(FRAME_BYTES));
      if (!head) throw damaged(this.title, WRONG_FRAME);
      const { kind, offset, bytes } = head;
      if (kind === FrameKind.END) break;
      if (kind === FrameKind.MEMORY) {
        // Memory comes before the disk, without holes.
        if (diskAt > 0 || offset !== memoryBytes) throw damaged(this.title, WRONG_FRAME);
        memoryBytes += bytes;
      } else {
        if (!disk || offset < diskAt || offset + bytes > disk.bytes)
          throw damaged(this.title, WRONG_FRAME);
        diskAt = offset + bytes;
        diskBytes += bytes;
      }
      if (memoryBytes > memory.bytes || diskBytes > (disk?.dataBytes ?? 0))
        throw damaged(this.title, WRONG_FRAME);
      yield { head, body: await this.#take(head.storedBytes) };
    }
    const digest = this.#hash.digest();
    const last = Buffer.alloc(DIGEST_BYTES + 1);
    const got = await readAt(this.#file, last, this.#at);
    if (got < DIGEST_BYTES) throw damaged(this.title, TOO_SHORT);
    if (!last.subarray(0, DIGEST_BYTES).equals(digest)) throw damaged(this.title, WRONG_DIGEST);
    if (got > DIGEST_BYTES) throw damaged(this.title, 'there is more behind its end');
    if (memoryBytes !== memory.bytes) throw damaged(this.title, WRONG_FRAME);
  }

  async #take(bytes: number): Promise<Buffer> {
    const data = Buffer.allocUnsafe(bytes);
    const got = await readAt(this.#file, data, this.#at).catch((error: unknown) => {
      throw readFailure(this.title, error);
    });
    if (got < bytes) throw damaged(this.title, TOO_SHORT);
    this.#hash.update(data);
    this.#at += bytes;
    return data;
  }

  async #unpack({ head, body }: Frame): Promise<{ kind: number; offset: number; data: Buffer }> {
    const { kind, offset, isDeflated, bytes } = head;
    if (!isDeflated) return { kind, offset, data: body };
    const data = await inflate(body, { maxOutputLength: bytes }).catch(() => undefined);
    if (data?.length !== bytes) throw damaged(this.title, WRONG_FRAME);
    return { kind, offset, data };
  }
}

interface Frame {
  head: FrameHead;
  body: Buffer;
}

const TOO_SHORT = 'it is damaged: it ends too early';
const WRONG_DIGEST = 'it is damaged: its checksum is wrong';
const WRONG_FRAME = 'it is damaged: a part of it cannot be';

function readHeader(title: string, text: Buffer): CheckpointHeader {
  try {
    return parseHeader(text.toString('utf8'));
  } catch (error) {
    throw damaged(title, error instanceof SyntaxError ? WRONG_FRAME : errorMessage(error));
  }
}
