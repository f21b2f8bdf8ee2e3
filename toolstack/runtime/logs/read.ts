// SPDX-License-Identifier: Apache-2.0
// Reads a container's log as one stream of bytes, although the shim rotates a full log file. Follows a growing log on request.

import { watch } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { sleep } from '../../base/deadline.js';
import { errorCode } from '../../base/errors.js';

export interface LogFilesOptions {
  /** Follows the log until this promise settles. Without it, reads only the present log. */
  until?: Promise<unknown> | undefined;
  signal: AbortSignal;
}

/** Yields the bytes of `path.1`, if it exists, and of `path`. A missing log counts as empty. */
export async function* readLogFiles(
  path: string,
  { until, signal }: LogFilesOptions,
): AsyncGenerator<Buffer> {
  const changes = until ? new Changes(path, until, signal) : undefined;
  let file: FileHandle | undefined;
  try {
    // In this order, a file that the shim rotates between the two opens is seen twice, not missed.
    file = await openIfThere(path);
    const older = await openIfThere(`${path}.1`);
    try {
      if (older && (await older.stat()).ino !== (await file?.stat())?.ino)
        yield* readOn(older, signal);
    } finally {
      await older?.close();
    }
    for (;;) {
      // Checked before the read, so that the read gets all bytes that were written before the end.
      const isLast = changes?.isOver ?? true;
      file ??= await openIfThere(path);
      if (file) {
        // A reader that does not follow stops at the present size: the writer may be faster than the reader.
        const end = changes ? Infinity : (await file.stat()).size;
        yield* readOn(file, signal, end);
        if (!changes) return;
        if (await isReplaced(file, path)) {
          // The last bytes may have come between the read and the check.
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

/** Yields the bytes from the last read position to the file's present end, at most `end` bytes. */
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

/** True when another file has the name by now. A log that was removed with its container has no successor. */
async function isReplaced(file: FileHandle, path: string): Promise<boolean> {
  const mine = await file.stat();
  const there = await stat(path).catch(() => undefined);
  return there !== undefined && there.ino !== mine.ino;
}

/** Wakes the reader when the file has changed, the container has ended, or LOOK_MS has passed. */
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
      // The folder is missing, or the kernel has no watches left: LOOK_MS has to do.
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
