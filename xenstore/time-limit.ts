// SPDX-License-Identifier: Apache-2.0
// How several steps share one deadline and one signal: both become a single signal.

import { setMaxListeners } from 'node:events';
import { abortError } from './pending-call.js';

export interface TimeLimit {
  readonly signal: AbortSignal;
  /** Stops the clock and forgets the caller's signal. Call it when the work has ended. */
  clear(): void;
}

/** A signal that aborts with `timeoutError()` after `timeoutMs`, or with the reason of `signal` when that aborts. */
export function limitTime(
  timeoutMs: number,
  signal: AbortSignal | undefined,
  timeoutError: () => Error,
): TimeLimit {
  const controller = new AbortController();
  // Each call of a batch listens to it.
  setMaxListeners(0, controller.signal);
  const timer =
    timeoutMs === Infinity
      ? undefined
      : setTimeout(() => controller.abort(timeoutError()), timeoutMs);
  const onAbort = () => controller.abort(abortError(signal));
  if (signal?.aborted === true) onAbort();
  else signal?.addEventListener('abort', onAbort, { once: true });
  const clear = () => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  };
  return { signal: controller.signal, clear };
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
