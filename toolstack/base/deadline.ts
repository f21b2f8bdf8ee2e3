// SPDX-License-Identifier: Apache-2.0
// Deadlines: every wait in thaw goes through here and ends with a named error.

import { ThawError } from './errors.js';

/** A wait ended because its time was up. */
export class TimeoutError extends ThawError {
  constructor(what: string, ms: number, code = 'ERR_TIMEOUT') {
    super(code, `${what}: no answer within ${ms / 1000} s`);
  }
}

/**
 * Settles as `promise` does, or rejects with a TimeoutError after `ms`, or with the signal's reason when it aborts.
 * The promise itself goes on; pass `signal` down where it can be stopped.
 */
export async function withDeadline<T>(
  promise: Promise<T>,
  ms: number,
  what: string,
  options: { signal?: AbortSignal | undefined; code?: string } = {},
): Promise<T> {
  const { signal, code } = options;
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  const stopped = new Promise<never>((_, reject) => {
    // Timers run before input. After a pause of the host or of this process, setImmediate lets input that came in time be read first.
    timer = setTimeout(() => setImmediate(() => reject(new TimeoutError(what, ms, code))), ms);
    onAbort = () => reject(abortReason(signal));
    if (signal?.aborted === true) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, stopped]);
  } finally {
    clearTimeout(timer);
    if (onAbort) signal?.removeEventListener('abort', onAbort);
    promise.catch(() => undefined);
  }
}

/** Sleeps `ms`, less when the signal aborts: then it rejects with the signal's reason. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(abortReason(signal));
    const onAbort = () => {
      clearTimeout(timer);
      reject(abortReason(signal));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Returns the signal's reason as an Error. */
export function abortReason(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error
    ? reason
    : new ThawError('ERR_ABORTED', 'The operation was cancelled');
}
