// SPDX-License-Identifier: Apache-2.0
// Connects an AbortSignal to a libxl operation. libxl_ao_abort only asks: the operation still ends by itself, and its promise tells the outcome.

import { XenError } from './errors.js';

export interface Abortable {
  /** Asks libxl to abort the operation. It then rejects with ERR_XEN_ABORTED, or completes if it was too late to abort. */
  signal?: AbortSignal;
}

/** Runs `start`. A signal that fires meanwhile calls `abort`. With a signal that has already fired it rejects before anything starts. */
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
