// SPDX-License-Identifier: Apache-2.0
// Measures the steps of a longer piece of work, for one debug line in thawd's log.

import type { Log } from './log.js';

export class Steps {
  readonly #log: Log;
  readonly #what: string;
  readonly #started = performance.now();
  readonly #took: Record<string, number> = {};

  /** `what` starts the log line. */
  constructor(log: Log, what: string) {
    this.#log = log;
    this.#what = what;
  }

  /** Waits for a step and notes its milliseconds, also when it fails. Steps may run side by side. */
  async time<T>(step: string, run: Promise<T> | (() => Promise<T>)): Promise<T> {
    const started = performance.now();
    try {
      return await (typeof run === 'function' ? run() : run);
    } finally {
      this.#took[step] = rounded(performance.now() - started);
    }
  }

  /** Writes the line: each step and the whole, in milliseconds. */
  done(): void {
    this.#log.debug(this.#what, {
      ...this.#took,
      all: rounded(performance.now() - this.#started),
    });
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
