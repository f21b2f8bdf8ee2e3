// SPDX-License-Identifier: Apache-2.0
// The worker thread that blocks in read(2) on /dev/xen/xenbus and passes the data on. See transport-xenbus.ts.

import { readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { errorCode } from '../toolstack/base/errors.js';
import { HEADER_BYTES, PAYLOAD_MAX_BYTES } from './wire.js';

export interface ReaderData {
  /** The open device; the transport closes it after this thread has ended. */
  readonly fd: number;
  /** Shared: 1 means that no further read may begin. */
  readonly stop: Int32Array;
}

export type ReaderMessage = { readonly bytes: Uint8Array } | { readonly fault: string };

const { fd, stop } = workerData as ReaderData;
const buffer = Buffer.alloc(HEADER_BYTES + PAYLOAD_MAX_BYTES);

while (Atomics.load(stop, 0) === 0) {
  const message = readOnce();
  parentPort?.postMessage(message);
  if ('fault' in message) break;
}

function readOnce(): ReaderMessage {
  try {
    const count = readSync(fd, buffer, 0, buffer.length, null);
    return count === 0
      ? { fault: 'end of file' }
      : { bytes: Uint8Array.from(buffer.subarray(0, count)) };
  } catch (cause) {
    return { fault: errorCode(cause) ?? String(cause) };
  }
}
