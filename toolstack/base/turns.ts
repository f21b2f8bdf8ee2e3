// SPDX-License-Identifier: Apache-2.0
// Limits how many callers do the same kind of work at once; the others wait in the order they came.

/** Each piece of work that begins has a turn until it has settled. */
export class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** `count` at once: 1 or more; throws RangeError for less. */
  constructor(count: number) {
    if (!(count >= 1)) throw new RangeError(`${count} turns at once: 1 or more are wanted`);
    this.#free = count;
  }

  /** Settles as `work` does, which begins when its turn comes. Rejects with the signal's reason where that aborts before. */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#take(signal);
    try {
      return await work();
    } finally {
      this.#pass();
    }
  }

  async #take(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    let onAbort: (() => void) | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#waiting.push(resolve);
        onAbort = () => {
          const at = this.#waiting.indexOf(resolve);
          // The work has its turn already, and no other work may lose its turn instead.
          if (at < 0) return;
          this.#waiting.splice(at, 1);
          reject(signal?.reason as Error);
        };
        signal?.addEventListener('abort', onAbort, { once: true });
      });
    } finally {
      if (onAbort) signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Passes the turn to the next work directly, so that no newcomer takes it in between. */
  #pass(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free += 1;
  }
}
