// SPDX-License-Identifier: Apache-2.0
// Reads and writes at a place in a file: whole ones, and none that is waited for without end.

import type { FileHandle } from 'node:fs/promises';
import { withDeadline } from '../base/deadline.js';

/** A disk that sleeps, or a server that is away. */
const IO_MS = 120_000;

/** Fills `data` from there; the number of bytes is less than its length where the file ends before. */
export async function readAt(file: FileHandle, data: Buffer, offset: number): Promise<number> {
  let done = 0;
  while (done < data.length) {
    const reading = file.read(data, done, data.length - done, offset + done);
    const { bytesRead } = await withDeadline(reading, IO_MS, 'File cannot be read');
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

export async function writeAt(file: FileHandle, data: Buffer, offset: number): Promise<void> {
  for (let done = 0; done < data.length;) {
    const writing = file.write(data, done, data.length - done, offset + done);
    const { bytesWritten } = await withDeadline(writing, IO_MS, 'File cannot be written');
    done += bytesWritten;
  }
}
