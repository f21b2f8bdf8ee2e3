// SPDX-License-Identifier: Apache-2.0
// Ends one request once: with its reply, its error, its deadline or its caller's signal, whichever comes first.

import { describeCall, XenstoreError } from './errors.js';
import type { RequestType } from './wire.js';

export interface Request {
  readonly type: RequestType;
  readonly payload: Buffer;
  /** The operation, for messages: `Cannot <op> <path>`. */
  readonly op: string;
  readonly path?: string | undefined;
  readonly txId?: number;
  /** Receives a success that comes after the caller has stopped waiting, so that the opened resource can be closed. */
  readonly onLateSuccess?: (payload: Buffer) => void;
}

export interface RequestOptions {
  /** Counts from the call, including the wait for its turn; default: the client's. */
  readonly timeoutMs?: number | undefined;
  /** Ends the wait with the signal's reason. A request that was sent is still executed. */
  readonly signal?: AbortSignal | undefined;
}

export class PendingCall {
  readonly request: Request;
  readonly #resolve: (payload: Buffer) => void;
  readonly #reject: (error: Error) => void;
  #disarm: () => void = () => undefined;
  #isSettled = false;

  constructor(request: Request, resolve: (payload: Buffer) => void, reject: (e: Error) => void) {
    this.request = request;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Starts the deadline and listens to the signal; returns false when the signal has already aborted. */
  arm(timeoutMs: number, signal: AbortSignal | undefined): boolean {
    if (signal?.aborted === true) {
      this.fail(abortError(signal));
      return false;
    }
    const onAbort = () => this.fail(abortError(signal));
    const timer =
      timeoutMs === Infinity
        ? undefined
        : setTimeout(() => this.fail(this.#timeoutError(timeoutMs)), timeoutMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#disarm = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    return true;
  }

  succeed(payload: Buffer): void {
    if (this.#isSettled) return this.request.onLateSuccess?.(payload);
    this.#settle();
    this.#resolve(payload);
  }

  fail(error: Error): void {
    if (this.#isSettled) return;
    this.#settle();
    this.#reject(error);
  }

  #settle(): void {
    this.#isSettled = true;
    this.#disarm();
  }

  #timeoutError(timeoutMs: number): XenstoreError {
    const { op, path } = this.request;
    return new XenstoreError(
      'ERR_XENSTORE_TIMEOUT',
      `${describeCall(op, path)}: no answer from xenstored within ${timeoutMs / 1000} s`,
      { op, path },
    );
  }
}

/** The error of a call whose signal aborts: the signal's reason when that is an error. */
export function abortError(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error
    ? reason
    : new XenstoreError('ERR_XENSTORE_ABORTED', 'The call was cancelled', { cause: reason });
}
