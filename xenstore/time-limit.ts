// SPDX-License-Identifier: Apache-2.0
// How several steps share one deadline and one signal: both become a single signal.

import { abortError } from './pending-call.js';

export interface TimeLimit {
  readonly signal: AbortSignal;
  /** Stops the clock. Call it when the work has ended. */
  clear(): void;
}

/** A signal that aborts with `timeoutError()` after `timeoutMs`, or with the reason of `signal` when that aborts. */
export function limitTime(
  timeoutMs: number,
  signal: AbortSignal | undefined,
  timeoutError: () => Error,
): TimeLimit {
  const controller = new AbortController();
  const timer =
    timeoutMs === Infinity
      ? undefined
      : setTimeout(() => controller.abort(timeoutError()), timeoutMs);
  const signals = signal === undefined ? [controller.signal] : [controller.signal, signal];
  return { signal: AbortSignal.any(signals), clear: () => clearTimeout(timer) };
}

/** Settles as `promise` does, or rejects with the signal's reason when it aborts first; the promise itself goes on. */
export async function rejectOnAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(abortError(signal));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    promise.catch(() => undefined);
  }
}
