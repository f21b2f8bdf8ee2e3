// SPDX-License-Identifier: Apache-2.0
// Computes a file's length and digest, in chunks.

import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

const CHUNK_BYTES = 2 ** 20;

/** Resolves with the length and SHA-256 of an open file, read from its start. Leaves the file open. Rejects with the signal's reason. */
export async function digestOf(
  file: FileHandle,
  signal?: AbortSignal,
): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  await pipeline(
    file.createReadStream({ start: 0, highWaterMark: CHUNK_BYTES, autoClose: false }),
    async (source: AsyncIterable<Buffer>) => {
      for await (const chunk of source) {
        hash.update(chunk);
        bytes += chunk.length;
      }
    },
    signal ? { signal } : {},
  );
  return { bytes, sha256: hash.digest('hex') };
}
