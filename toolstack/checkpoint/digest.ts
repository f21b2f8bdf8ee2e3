// SPDX-License-Identifier: Apache-2.0
// What tells one file from another, however large it is.

import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

const CHUNK_BYTES = 2 ** 20;

/** Length and SHA-256 of an open file from its begin on; it stays open. Rejects with the signal's reason. */
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
