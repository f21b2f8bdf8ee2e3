// SPDX-License-Identifier: Apache-2.0
// Shares one run of work among its callers, queues work by key, and counts users of a key.
import type { OnProgress } from '../base/progress.js';
import { ImageError } from './errors.js';

interface Shared<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  readonly listeners: Set<OnProgress>;
  waiters: number;
}

/** Runs work at most once at a time for a key. Aborts the work when its last waiting caller aborts. */
export class SharedWork<T> {
  readonly #running = new Map<string, Shared<T>>();

  async run(
    key: string,
    work: (signal: AbortSignal, progress: OnProgress) => Promise<T>,
    caller: { signal?: AbortSignal | undefined; onProgress?: OnProgress | undefined },
  ): Promise<T> {
    const { signal, onProgress } = caller;
    if (signal?.aborted === true) throw aborted(signal);
    const shared = this.#running.get(key) ?? this.#start(key, work);
    shared.waiters++;
    if (onProgress) shared.listeners.add(onProgress);
    let onAbort: (() => void) | undefined;
    try {
      if (signal === undefined) return await shared.result;
      const gaveUp = new Promise<never>((_, reject) => {
        onAbort = () => reject(aborted(signal));
        signal.addEventListener('abort', onAbort, { once: true });
      });
      return await Promise.race([shared.result, gaveUp]);
    } finally {
      if (onAbort) signal?.removeEventListener('abort', onAbort);
      if (onProgress) shared.listeners.delete(onProgress);
      if (--shared.waiters === 0 && this.#running.get(key) === shared) {
        // A later caller starts new work: this work is ending.
        this.#running.delete(key);
        shared.controller.abort();
      }
    }
  }

  #start(key: string, work: (signal: AbortSignal, progress: OnProgress) => Promise<T>): Shared<T> {
    const controller = new AbortController();
    const listeners = new Set<OnProgress>();
    const progress: OnProgress = (event) => {
      for (const listener of listeners) listener(event);
    };
    const result = work(controller.signal, progress).finally(() => {
      if (this.#running.get(key) === shared) this.#running.delete(key);
    });
    result.catch(() => undefined);
    const shared: Shared<T> = { result, controller, listeners, waiters: 0 };
    this.#running.set(key, shared);
    return shared;
  }
}

/** Runs work one at a time for a key, in the order of the calls. */
export class KeyedQueue {
  readonly #tails = new Map<string, Promise<unknown>>();

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const result = before.then(work, work);
    const tail = result.catch(() => undefined);
    this.#tails.set(key, tail);
    try {
      return await result;
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }
}

/** Counts the users of each key. */
export class Pins {
  readonly #counts = new Map<string, number>();

  /** Pins the keys. Returns a function that unpins them; later calls of it do nothing. */
  pin(keys: readonly string[]): () => void {
    for (const key of keys) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    let isPinned = true;
    return () => {
      if (!isPinned) return;
      isPinned = false;
      for (const key of keys) {
        const count = (this.#counts.get(key) ?? 1) - 1;
        if (count === 0) this.#counts.delete(key);
        else this.#counts.set(key, count);
      }
    };
  }

  has(key: string): boolean {
    return this.#counts.has(key);
  }
}

function aborted(signal: AbortSignal): ImageError {
  return new ImageError('ERR_IMAGE_ABORTED', 'The pull was cancelled', { cause: signal.reason });
}
