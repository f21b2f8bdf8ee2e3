// SPDX-License-Identifier: Apache-2.0
// Reads and writes whole buffers at an offset in a file, with a deadline.

import type { FileHandle } from 'node:fs/promises';
import { withDeadline } from '../base/deadline.js';

/** Long enough for a disk that spins up, or a file server that is away for a moment. */
const IO_MS = 120_000;

/** Fills `data` from `offset`. Resolves with the number of bytes read, less than data.length at the end of the file. Rejects with ERR_TIMEOUT. */
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

/** Writes all of `data` at `offset`. Rejects with ERR_TIMEOUT. */
export async function writeAt(file: FileHandle, data: Buffer, offset: number): Promise<void> {
  for (let done = 0; done < data.length;) {
    const writing = file.write(data, done, data.length - done, offset + done);
    const { bytesWritten } = await withDeadline(writing, IO_MS, 'File cannot be written');
    done += bytesWritten;
  }
}
