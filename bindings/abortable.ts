// SPDX-License-Identifier: Apache-2.0
// How an AbortSignal reaches a libxl operation: libxl_ao_abort asks, the operation still ends by itself and its promise tells how.

import { XenError } from './errors.js';

export interface Abortable {
  /** Asks libxl to cut the operation short. It then rejects with ERR_XEN_ABORTED, or completes if it was past the point. */
  signal?: AbortSignal;
}

/** Runs `start`; a signal that fires meanwhile calls `abort`, one that already has fired rejects before anything starts. */
export async function abortable<T>(
  signal: AbortSignal | undefined,
  start: () => Promise<T>,
  abort: () => void,
): Promise<T> {
  if (signal === undefined) return start();
  if (signal.aborted) {
    const cause: unknown = signal.reason;
    throw new XenError({ reason: 'ABORTED', op: 'libxl', rc: 0, hint: 'not started', cause });
  }
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await start();
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
