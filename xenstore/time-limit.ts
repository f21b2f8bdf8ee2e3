// SPDX-License-Identifier: Apache-2.0
// Combines one deadline and one signal into a single signal that several steps share.

import { setMaxListeners } from 'node:events';
import { abortError } from './pending-call.js';

export interface TimeLimit {
  readonly signal: AbortSignal;
  /** Stops the clock and stops listening to the caller's signal. Call it when the work has ended. */
  clear(): void;
}

/** Returns a signal that aborts with `timeoutError()` after `timeoutMs`, or with the reason of `signal` when that aborts. */
export function limitTime(
  timeoutMs: number,
  signal: AbortSignal | undefined,
  timeoutError: () => Error,
): TimeLimit {
  const controller = new AbortController();
  // Each call of a batch listens to this signal.
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

/** Settles as `promise` does, or rejects with the signal's reason when it aborts first. The promise itself continues. */
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
