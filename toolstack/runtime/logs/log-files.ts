// SPDX-License-Identifier: Apache-2.0
// A container's log as one stream of bytes, though the shim puts it aside when it is full and begins anew; also what is still to come.

import { watch } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { sleep } from '../../base/deadline.js';
import { errorCode } from '../../base/errors.js';

export interface LogFilesOptions {
  /** Go on when all is read, until this settles. */
  until?: Promise<unknown> | undefined;
  signal: AbortSignal;
}

/** The bytes of `path.1`, where it is there, and `path`. A log that is not there is an empty one. */
export async function* readLogFiles(
  path: string,
  { until, signal }: LogFilesOptions,
): AsyncGenerator<Buffer> {
  const changes = until ? new Changes(path, until, signal) : undefined;
  let file: FileHandle | undefined;
  try {
    // In this order: what is put aside between the two is then seen twice, not missed.
    file = await openIfThere(path);
    const older = await openIfThere(`${path}.1`);
    try {
      if (older && (await older.stat()).ino !== (await file?.stat())?.ino)
        yield* readOn(older, signal);
    } finally {
      await older?.close();
    }
    for (;;) {
      // What was written before the end was seen is read after it.
      const isLast = changes?.isOver ?? true;
      file ??= await openIfThere(path);
      if (file) {
        // Who does not follow gets what there is now: its writer may be faster than its reader.
        const end = changes ? Infinity : (await file.stat()).size;
        yield* readOn(file, signal, end);
        if (!changes) return;
        if (await isReplaced(file, path)) {
          // Its last bytes may have come between the read and the look.
          yield* readOn(file, signal);
          await file.close();
          file = undefined;
          continue;
        }
      }
      if (isLast || signal.aborted) return;
      await changes?.next();
    }
  } finally {
    changes?.close();
    await file?.close();
  }
}

/** From where the file was read last to its present end, or so many bytes on. */
async function* readOn(
  file: FileHandle,
  signal: AbortSignal,
  end = Infinity,
): AsyncGenerator<Buffer> {
  for (let left = end; left > 0;) {
    const length = Math.min(PIECE, left);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, null);
    if (bytesRead === 0 || signal.aborted) return;
    left -= bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

const PIECE = 65536;

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whether another file has that name by now. One that was removed with its container stays the last. */
async function isReplaced(file: FileHandle, path: string): Promise<boolean> {
  const mine = await file.stat();
  const there = await stat(path).catch(() => undefined);
  return there !== undefined && there.ino !== mine.ino;
}

/** When to look again: the folder has changed, the container has ended, or a while has passed. */
class Changes {
  isOver = false;
  #wake: () => void = () => undefined;
  #isDue = false;
  readonly #watcher;
  readonly #signal: AbortSignal;

  constructor(path: string, until: Promise<unknown>, signal: AbortSignal) {
    this.#signal = signal;
    const over = (): void => {
      this.isOver = true;
      this.#due();
    };
    until.then(over, over);
    const name = basename(path);
    try {
      this.#watcher = watch(dirname(path), (_, file) => file === name && this.#due());
      this.#watcher.on('error', () => undefined);
    } catch {
      // No folder yet, or no watches left: the while has to do.
    }
  }

  #due(): void {
    this.#isDue = true;
    this.#wake();
  }

  async next(): Promise<void> {
    const rest = new AbortController();
    if (!this.#isDue) {
      const woken = new Promise<void>((resolve) => (this.#wake = resolve));
      const either = AbortSignal.any([this.#signal, rest.signal]);
      await Promise.race([woken, sleep(LOOK_MS, either).catch(() => undefined)]);
    }
    this.#isDue = false;
    rest.abort();
  }

  close(): void {
    this.#watcher?.close();
  }
}

const LOOK_MS = 1000;
